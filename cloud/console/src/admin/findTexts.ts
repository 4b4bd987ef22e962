/** What lists are searched by. */
export const findZh = {
  "admin.find_people": "姓名、拼音首字母、电话、地址",
  "admin.find_devices": "编号，或老人姓名、拼音、电话、地址",
  "admin.find_staff": "姓名、拼音首字母、用户名、电话",
  "admin.find_home": "按地址、老人姓名、拼音或电话找住户",
  "admin.role_short": "用途",
} as const;

export const findEn: Record<keyof typeof findZh, string> = {
  "admin.find_people": "Name, pinyin initials, phone, address",
  "admin.find_devices": "Id, or the elder's name, pinyin, phone, address",
  "admin.find_staff": "Name, pinyin initials, user name, phone",
  "admin.find_home": "Find a home by address, elder, pinyin or phone",
  "admin.role_short": "Use",
};
