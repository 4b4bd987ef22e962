-- What is to be done about a case: one protocol a kind of alarm, versions are added and never changed.

create table protocol (
    key text not null check (key ~ '^[a-z_]{1,32}$'),
    version integer not null check (version >= 1),
    name_zh text not null,
    name_en text not null,
    -- [{text_zh, text_en, action, done_when}]
    steps jsonb not null check (jsonb_typeof(steps) = 'array' and jsonb_array_length(steps) between 1 and 20),
    -- [{zh, en}]: lines that operators often write
    phrases jsonb not null default '[]' check (jsonb_typeof(phrases) = 'array'),
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (key, version)
);

insert into protocol (key, version, name_zh, name_en, changed_at, changed_by, steps, phrases) values
    ('fire', 1, '火警', 'Fire', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "先拨 119：报地址、楼层、屋内老人和行动能力", "text_en": "Call 119 first: address, floor, elder inside, how mobile", "action": "call_119", "done_when": "by_hand"},
        {"text_zh": "呼叫本人：能走就离开，不乘电梯；不能走就关门堵缝、到窗口", "text_en": "Call the elder: leave, no lift; if not able, shut the door, seal the gaps, go to the window", "action": "call_resident", "done_when": "called"},
        {"text_zh": "派最近响应人到楼下，不得进入火场", "text_en": "Send the nearest responder to the building; nobody goes in", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "通知持钥匙的联系人和邻居", "text_en": "Tell contacts and neighbours, key holders first", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "有人受伤或吸入烟气：转 120", "text_en": "Anybody hurt or smoke inhaled: call 120", "action": "call_120", "done_when": "by_hand"},
        {"text_zh": "等 119 到场，报告接警员姓名和时间", "text_en": "Until the fire brigade is there: note who and when", "action": "note", "done_when": "noted"},
        {"text_zh": "确认火情解除，填写处置结果", "text_en": "Fire over: resolve and say how it ended", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "已报 119", "en": "119 called"},
        {"zh": "老人已离开房屋", "en": "Elder is out"},
        {"zh": "老人被困", "en": "Elder is trapped"},
        {"zh": "厨房油烟，无明火", "en": "Cooking smoke, no fire"},
        {"zh": "119 已到场", "en": "Fire brigade there"}
    ]'),
    ('gas', 1, '燃气泄漏', 'Gas leak', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "不拨打屋内电话，不远程开关任何电器", "text_en": "Ring no telephone inside, switch nothing from here", "action": "none", "done_when": "by_hand"},
        {"text_zh": "联系邻居或楼下联系人：敲门，不按门铃，把老人带到室外", "text_en": "Call neighbours or contacts: knock, no door bell, bring the elder outside", "action": "call_contacts", "done_when": "connected"},
        {"text_zh": "报燃气公司抢修；闻到浓味或无法进门时拨 119", "text_en": "Call the gas company; strong smell or no way in: 119", "action": "call_119", "done_when": "by_hand"},
        {"text_zh": "派响应人：在屋外关总阀，再开窗通风", "text_en": "Send a responder: shut the valve from outside, then open windows", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "头晕、恶心或昏迷：转 120", "text_en": "Dizzy, sick or unconscious: call 120", "action": "call_120", "done_when": "by_hand"},
        {"text_zh": "检测值恢复正常，填写处置结果", "text_en": "Readings normal again: resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "老人已到室外", "en": "Elder is outside"},
        {"zh": "总阀已关", "en": "Valve is shut"},
        {"zh": "已报燃气公司", "en": "Gas company told"},
        {"zh": "已开窗通风", "en": "Windows open"},
        {"zh": "闻到燃气味", "en": "Smell of gas"}
    ]'),
    ('co', 1, '一氧化碳报警', 'Carbon monoxide', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：立即开窗、离开房间，不要返回", "text_en": "Call the elder: open windows, leave the room, do not go back", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人接听或头痛、头晕：转 120，说明一氧化碳中毒", "text_en": "No answer, headache, dizziness: call 120 and say carbon monoxide", "action": "call_120", "done_when": "by_hand"},
        {"text_zh": "派最近响应人：先通风再进入，关闭燃具", "text_en": "Send the nearest responder: air first, then go in, shut the burner", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "通知持钥匙的联系人", "text_en": "Tell contacts with a key", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "检测值恢复正常，填写处置结果", "text_en": "Readings normal again: resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "已开窗通风", "en": "Windows open"},
        {"zh": "老人已到室外", "en": "Elder is outside"},
        {"zh": "头晕恶心", "en": "Dizzy and sick"},
        {"zh": "燃具已关闭", "en": "Burner is off"},
        {"zh": "已转 120", "en": "120 called"}
    ]'),
    ('fall', 1, '跌倒', 'Fall', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：确认神志，问哪里疼、能否活动", "text_en": "Call the elder: awake? where does it hurt? able to move?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "诉疼痛、不能起身或无人接听：不搬动，派最近响应人（持钥匙优先）", "text_en": "Pain, cannot get up or no answer: do not move them, send the nearest responder, key holder first", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "昏迷、出血、髋部疼痛或撞到头：转 120", "text_en": "Unconscious, bleeding, hip pain or head hit: call 120", "action": "call_120", "done_when": "by_hand"},
        {"text_zh": "通知家属，按联系人顺序", "text_en": "Tell the family, in the order of contacts", "action": "call_contacts", "done_when": "connected"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "神志清楚", "en": "Conscious"},
        {"zh": "不能起身", "en": "Cannot get up"},
        {"zh": "髋部疼痛", "en": "Hip pain"},
        {"zh": "撞到头", "en": "Head hit"},
        {"zh": "家属已知", "en": "Family told"},
        {"zh": "自行起身，无不适", "en": "Up again, no complaint"}
    ]'),
    ('vitals_high', 1, '早期预警评分高危', 'NEWS2 high', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：神志、胸痛、气短、说话是否连贯", "text_en": "Call the elder: alert? chest pain? breath? speech clear?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "转 120：报评分、血氧、心率、用药和过敏史", "text_en": "Call 120: score, SpO2, pulse, medicines and allergies", "action": "call_120", "done_when": "by_hand"},
        {"text_zh": "派响应人复测生命体征，协助开门接应", "text_en": "Send a responder: measure again, open the door for the ambulance", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "通知家属，说明送往的医院", "text_en": "Tell the family, and which hospital", "action": "call_contacts", "done_when": "connected"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "神志清楚", "en": "Conscious"},
        {"zh": "呼吸困难", "en": "Short of breath"},
        {"zh": "胸痛", "en": "Chest pain"},
        {"zh": "已平卧吸氧", "en": "Lying, on oxygen"},
        {"zh": "已转 120", "en": "120 called"}
    ]'),
    ('sos', 1, '紧急求助', 'SOS', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：问清需要什么帮助", "text_en": "Call the elder: what help is needed?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人接听或需要帮助：派最近响应人上门", "text_en": "No answer or help needed: send the nearest responder", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "生命危险（昏迷、胸痛、大出血、呼吸困难）：转 120", "text_en": "Life at risk (unconscious, chest pain, bleeding, no breath): call 120", "action": "call_120", "done_when": "by_hand"},
        {"text_zh": "通知家属，按联系人顺序", "text_en": "Tell the family, in the order of contacts", "action": "call_contacts", "done_when": "connected"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "神志清楚", "en": "Conscious"},
        {"zh": "无人应答", "en": "No answer"},
        {"zh": "身体不适", "en": "Feels unwell"},
        {"zh": "误按", "en": "Pressed by mistake"},
        {"zh": "家属已知", "en": "Family told"},
        {"zh": "已转 120", "en": "120 called"}
    ]'),
    ('no_answer', 1, '回拨无人应答', 'Nobody answers', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "再次呼叫本人（座机、手表各一次）", "text_en": "Call the elder once more, telephone and watch", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人应答按紧急处置：派最近响应人上门查看", "text_en": "No answer is an emergency: send the nearest responder to look", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "联系持钥匙的邻居或家属", "text_en": "Call neighbours or family with a key", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "敲门无应答、无钥匙：报 110 / 119 破门", "text_en": "No answer at the door and no key: 110 / 119 to break in", "action": "call_119", "done_when": "by_hand"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "无人应答", "en": "No answer"},
        {"zh": "邻居去敲门", "en": "Neighbour knocks"},
        {"zh": "屋内有声音", "en": "Sounds inside"},
        {"zh": "老人外出，平安", "en": "Elder is out and well"}
    ]'),
    ('not_returned', 1, '夜间离床未归', 'Not back in bed', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：是否在卫生间、能否自行回床", "text_en": "Call the elder: in the bathroom? able to get back to bed?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人接听或不能起身：派夜间响应人上门", "text_en": "No answer or cannot get up: send the night responder", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "联系同住人或邻居查看", "text_en": "Call who lives there or a neighbour to look", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "保持联系直到响应人到场", "text_en": "Stay in touch until the responder has arrived", "action": "none", "done_when": "arrived"},
        {"text_zh": "确认已回床（在床信号恢复），填写处置结果", "text_en": "Back in bed (bed mat says so): resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "在卫生间", "en": "In the bathroom"},
        {"zh": "已回床", "en": "Back in bed"},
        {"zh": "跌倒", "en": "Fell"},
        {"zh": "头晕", "en": "Dizzy"},
        {"zh": "起夜，平安", "en": "Up at night, well"}
    ]'),
    ('inactivity', 1, '长时间无活动', 'Inactivity', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "查看最近一次活动的时间、位置和手表佩戴状态", "text_en": "Look at the last activity, where, and whether the watch is worn", "action": "none", "done_when": "by_hand"},
        {"text_zh": "呼叫本人，确认平安", "text_en": "Call the elder: all well?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人接听：联系邻居或家属上门看一眼", "text_en": "No answer: ask a neighbour or the family to look", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "联系不上任何人：派响应人上门", "text_en": "Nobody to be reached: send a responder", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "外出未报备", "en": "Out, had not said so"},
        {"zh": "在睡觉", "en": "Asleep"},
        {"zh": "手表未佩戴", "en": "Watch not worn"},
        {"zh": "家属确认平安", "en": "Family says all well"}
    ]'),
    ('fence', 1, '走出安全围栏', 'Left the safe zone', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "看地图：最近定位的时间、误差和去向", "text_en": "Map: age, accuracy and direction of the last fix", "action": "none", "done_when": "by_hand"},
        {"text_zh": "呼叫本人手表，温和询问位置，不责备", "text_en": "Call the watch, ask kindly where they are, do not blame", "action": "call_resident", "done_when": "called"},
        {"text_zh": "通知家属：最后位置、衣着、常去地点", "text_en": "Tell the family: last place, clothes, usual places", "action": "call_contacts", "done_when": "connected"},
        {"text_zh": "派最近响应人前往最后位置", "text_en": "Send the nearest responder to the last place", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "30 分钟未找到：报 110，提供照片和定位", "text_en": "Not found in 30 minutes: 110 with photo and place", "action": "note", "done_when": "noted"},
        {"text_zh": "已找到并回到住处，填写处置结果", "text_en": "Found and back home: resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "家属陪同外出", "en": "Out with the family"},
        {"zh": "已找到", "en": "Found"},
        {"zh": "去菜市场", "en": "At the market"},
        {"zh": "已报 110", "en": "110 called"},
        {"zh": "手表关机", "en": "Watch is off"}
    ]'),
    ('vitals', 1, '体征异常', 'Vital sign out of band', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "核对数值：来源、时间、是否佩戴，与个人常态比较", "text_en": "Check the value: source, age, worn? against the personal band", "action": "none", "done_when": "by_hand"},
        {"text_zh": "呼叫本人：问症状，请静坐 5 分钟后复测", "text_en": "Call the elder: symptoms? sit still for 5 minutes, measure again", "action": "call_resident", "done_when": "called"},
        {"text_zh": "复测仍异常或有症状：派护理员上门", "text_en": "Still out of band or symptoms: send a nurse", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "告知家属和签约医生", "text_en": "Tell the family and the family doctor", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "复测正常", "en": "Normal when measured again"},
        {"zh": "无不适", "en": "No complaint"},
        {"zh": "头晕", "en": "Dizzy"},
        {"zh": "刚活动过", "en": "Just active"},
        {"zh": "未按时服药", "en": "Medicine not taken"}
    ]'),
    ('water', 1, '漏水', 'Water leak', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：关水龙头和总阀，防滑，离开电器", "text_en": "Call the elder: shut tap and valve, mind the floor, keep off appliances", "action": "call_resident", "done_when": "called"},
        {"text_zh": "本人无法处理：派响应人或物业上门", "text_en": "Not able to: send a responder or the caretaker", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "告知家属", "text_en": "Tell the family", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "总阀已关", "en": "Valve is shut"},
        {"zh": "物业已到", "en": "Caretaker is there"},
        {"zh": "忘关水龙头", "en": "Tap left open"}
    ]'),
    ('door', 1, '门长时间未关', 'Door left open', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：请关门，确认没有陌生人", "text_en": "Call the elder: please shut the door; no stranger there?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人接听：联系邻居查看", "text_en": "No answer: ask a neighbour to look", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "仍无回应：派响应人上门", "text_en": "Still nothing: send a responder", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "通风，平安", "en": "Airing, all well"},
        {"zh": "已关门", "en": "Door is shut"},
        {"zh": "有访客", "en": "Visitors"}
    ]'),
    ('medication', 1, '漏服药', 'Medication missed', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：提醒按医嘱服药，不要补双倍", "text_en": "Call the elder: take it as ordered, never twice as much", "action": "call_resident", "done_when": "called"},
        {"text_zh": "无人接听：联系家属提醒", "text_en": "No answer: ask the family to remind", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "已服药", "en": "Taken"},
        {"zh": "药已用完", "en": "No medicine left"},
        {"zh": "拒绝服药", "en": "Refuses"}
    ]'),
    ('technical', 1, '设备与网关故障', 'Equipment fault', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "看设备和网关状态：离线多久、电量、同小区是否一起中断", "text_en": "Look at device and gateway: since when, battery, neighbours too?", "action": "none", "done_when": "by_hand"},
        {"text_zh": "联系本人或家属：电源和网线是否被拔，请复位", "text_en": "Call elder or family: power or cable pulled? reset it", "action": "call_resident", "done_when": "called"},
        {"text_zh": "未恢复：转运维工单，约定上门时间", "text_en": "Not back: make a service order, agree on a visit", "action": "note", "done_when": "noted"},
        {"text_zh": "高风险老人失联超过 15 分钟：加打平安电话", "text_en": "High-risk elder without link for 15 minutes: call to see that all is well", "action": "none", "done_when": "by_hand"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "插头被拔", "en": "Unplugged"},
        {"zh": "停电", "en": "Power cut"},
        {"zh": "已恢复在线", "en": "Back online"},
        {"zh": "已约上门", "en": "Visit agreed"},
        {"zh": "更换电池", "en": "Battery changed"}
    ]'),
    ('test', 1, '测试', 'Test', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "与现场人员核对：设备、房间、时间", "text_en": "Check with who is there: device, room, time", "action": "note", "done_when": "noted"},
        {"text_zh": "以“测试”结案", "text_en": "Close as test", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "现场测试", "en": "Test on site"},
        {"zh": "探测器自检", "en": "Detector''s own test"}
    ]'),
    ('default', 1, '通用预案', 'Any other alarm', '2026-01-01T00:00:00Z', 'system', '[
        {"text_zh": "呼叫本人：确认情况", "text_en": "Call the elder: what happened?", "action": "call_resident", "done_when": "called"},
        {"text_zh": "需要帮助或无人接听：派最近响应人", "text_en": "Help needed or no answer: send the nearest responder", "action": "dispatch", "done_when": "dispatched"},
        {"text_zh": "通知家属", "text_en": "Tell the family", "action": "call_contacts", "done_when": "called"},
        {"text_zh": "记录处置结果，处置完毕", "text_en": "Write down the outcome and resolve", "action": "resolve", "done_when": "resolved"}
    ]', '[
        {"zh": "神志清楚", "en": "Conscious"},
        {"zh": "无人应答", "en": "No answer"},
        {"zh": "家属已知", "en": "Family told"},
        {"zh": "误报", "en": "False alarm"}
    ]');
