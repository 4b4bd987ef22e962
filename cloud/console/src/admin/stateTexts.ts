/** What is true of an elder now. */
export const stateZh = {
  "admin.state_active": "在家",
  "admin.state_hospital": "住院",
  "admin.state_away": "外出",
  "admin.state_suspended": "暂停服务",
  "admin.state_moved": "已搬离",
  "admin.state_deceased": "已故",
} as const;

export const stateEn: Record<keyof typeof stateZh, string> = {
  "admin.state_active": "at home",
  "admin.state_hospital": "in hospital",
  "admin.state_away": "away",
  "admin.state_suspended": "suspended",
  "admin.state_moved": "moved",
  "admin.state_deceased": "deceased",
};
