/* What every screen must keep, measured in the page itself; each finding names its element.
   `small`: bodies of panels may scroll; `colours`: contrast and focus too, which depend on the theme alone. */
async ({ small, colours }) => {
  // What is laid out by script follows a change of size within the next frame.
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const name = (one) =>
    `${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""} ${(one.ariaLabel ?? one.textContent).slice(0, 40)}`;

  // Areas that never scroll. Of a case the contacts may (and what is a list without an end: log, alarms, responders),
  // and the rest where the operator opened something above it.
  const FIXED = `.top:not(:has(.search-box)), .queue, .claim-top, .interrupt, .warnings, .band, .identity,
    .stages li, .clock, .trend-grid .vital, .actions, .titled, .dispatch-list li, .map-note,
    .work:not(:has(.call-pop)) .phrases, .trend-grid, .phone-foot, .tech-bar,
    .work:not(:has(.call-pop, .case-panel)) :is(.steps, .vitals, .map) > .panel-body,
    .wall-column, .wall-lines, .wall-figure, .wall-figure dt, .wall-top`;
  const SCROLLS_WHEN_SMALL = ".panel-body:not(.contacts > *), .quiet";
  const SIDE_BY_SIDE = ".top, .top-right, .band, .identity, .actions, .tech-bar, .phone-foot, .phone-top";
  // In English: what is nobody's name or words.
  const TRANSLATED = ".map-note, .phrases button, .titled > h3, .score, .phone-foot, .tech-bar";

  // Least width and height of what is pressed, the first that fits: a thumb's, a row's, a hot one's, any.
  const TARGETS = "button, a[href], input, select, textarea, summary, .queue .row, .go-photo";
  const HOT = `.claim-top, .interrupt, .escalation, .handed, .incoming-bar, .call, .step-buttons,
    .dispatch-list, .actions, .map-buttons, .dialog-buttons, .choice`;
  const thumb = innerWidth <= 640;
  const LEAST = [
    [".tech-bar button", 48, 52],
    [thumb ? "*" : ".phone *", 48, 48],
    [".row > .claim", 56, 72],
    [".queue .row", 0, 72],
    [`:is(${HOT}, :is(${HOT}) *)`, 36, 36],
    ["*", 28, 28],
  ];
  // Least size of letters; the smallest are a map's names, a key's, a step's number in little room.
  const LETTERS = [
    [".address b", 24],
    ["kbd, .step-number, .map-frame *", 12],
    [".phone *", 14],
    ["*", 13],
  ];
  // What is drawn and means something: its outline or its filling is seen, 3:1.
  const DRAWN = ".mark svg, .tech-mark, .go-knob, .bar > span, .meter > span, .meter > i, .stages li[data-step=done]";

  const overflows = (one) =>
    one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1;
  const sized = (one) => `${name(one)}: ${one.scrollWidth}x${one.scrollHeight}`;
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".unseen, .map-canvas");

  /* Where a press counts: of a box to tick or a picture to choose, its label too. */
  const area = (one) => {
    const boxes = [one, ...(one.labels ?? [])].map((part) => part.getBoundingClientRect());
    const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
    return [right - left, bottom - top];
  };
  const tooSmall = (one) => {
    const [, width, height] = LEAST.find(([selector]) => one.matches(selector));
    const [wide, high] = area(one);
    const cut = one.tagName === "BUTTON" && one.scrollWidth > one.clientWidth + 2;
    return wide < width - 0.5 || high < height - 0.5 || cut ? [`${name(one)}: ${wide} x ${high}`] : [];
  };
  const tooFine = (one) => {
    const words = [...one.childNodes].some((part) => part.nodeType === Node.TEXT_NODE && part.data.trim() !== "");
    if (!words || one.closest("svg, .unseen")) return [];
    const size = parseFloat(getComputedStyle(one).fontSize);
    return size < LETTERS.find(([selector]) => one.matches(selector))[1] - 0.1 ? [`${name(one)}: ${size}`] : [];
  };
  /* A step cut to a line while its panel has the room for all of it. */
  const cutShort = (words) => {
    const lines = Math.ceil((1.15 * words.scrollWidth) / words.clientWidth);
    const list = words.closest("ol").getBoundingClientRect();
    const body = words.closest(".panel-body").getBoundingClientRect();
    const room = body.bottom - list.bottom - 8 > (lines - 1) * words.clientHeight;
    return words.scrollWidth > words.clientWidth && room ? [`${name(words)}: ${lines} lines`] : [];
  };
  const overlapping = (parent) => {
    const boxes = [...parent.children].map((part) => [part, part.getBoundingClientRect()]);
    return boxes.flatMap(([one, a], n) =>
      boxes
        .slice(n + 1)
        .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        .map(([two]) => `${name(one)} / ${name(two)}`),
    );
  };

  /* Six areas in three columns, whatever the case; nothing lies over it but what the operator opened. */
  const COLUMNS = [[".steps", ".contacts"], [".vitals, .trends", ".log"], [".map, .photos", ".dispatch"]];
  const misplaced = (body) => {
    const columns = COLUMNS.map((parts) => parts.map((part) => body.querySelector(`:scope > :is(${part})`)));
    const boxes = columns.map((parts) => parts.map((part) => part?.getBoundingClientRect()));
    const below = boxes.filter(([upper, lower]) => upper && lower && (upper.bottom > lower.top + 1 || upper.left !== lower.left));
    const beside = boxes.flatMap((column, n) => (boxes[n + 1] ?? []).map((right, row) => [column[row], right]));
    const swapped = beside.filter(([left, right]) => left && right && left.right > right.left + 1);
    return below.length + swapped.length ? [name(body)] : [];
  };
  const OVER_A_CASE = ["[aria-modal=true]", "dialog:not(.close-dialog)", ...(innerWidth > 1500 ? ["[role=tab]"] : [])];

  /* At most three, framed in no alarm's colour, the drug or the allergy first and bold. */
  const mistold = (risks) => {
    const lines = all("p:not(.label)", risks);
    const [red, green, blue] = channels(getComputedStyle(risks).borderTopColor).rgb;
    const grey = Math.max(red, green, blue) - Math.min(red, green, blue) <= 60;
    const bold = (line) => line.firstChild.nodeName === "B" && Number(getComputedStyle(line.firstChild).fontWeight) >= 700;
    return lines.length <= 3 && grey && lines.every(bold) ? [] : [name(risks)];
  };

  const channels = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, two) => {
    const [dark, light] = [luminance(one), luminance(two)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  /* What is painted behind an element's content. */
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const { rgb, a } = channels(getComputedStyle(at).backgroundColor);
      if (a > 0.99) return rgb;
    }
    return [255, 255, 255];
  };
  const stands = (colours, behind) =>
    colours.map(channels).some(({ rgb, a }) => a > 0.99 && contrast(rgb, behind) >= 3);
  const edge = (style) => (parseFloat(style.borderBottomWidth) > 0 ? [style.borderBottomColor] : []);
  /* A field, or what has a frame, is told from what is around it. */
  const faint = (one) => {
    const style = getComputedStyle(one);
    const framed = ["Top", "Right", "Bottom", "Left"].every((side) => parseFloat(style[`border${side}Width`]) > 0);
    const field = one.matches("input:not([type=checkbox], [type=radio], [type=file]), select, textarea");
    if (one.disabled || !(framed || field)) return [];
    const seen = stands([...edge(style), style.backgroundColor], ground(one.parentElement));
    return seen ? [] : [`${name(one)}: ${style.borderBottomColor} on ${ground(one.parentElement)}`];
  };
  const pale = (one) => {
    const style = getComputedStyle(one);
    const { fill, stroke } = style;
    const drawn = one.tagName === "svg" ? [fill, stroke === "none" ? fill : stroke] : [...edge(style), style.backgroundColor];
    return stands(drawn, ground(one.parentElement)) ? [] : [`${name(one)}: ${drawn} on ${ground(one.parentElement)}`];
  };
  /* Three pixels that stand out, none of them cut off by what the element lies in. */
  const hiddenFocus = (one) => {
    one.focus({ preventScroll: true });
    if (document.activeElement !== one) return [];
    const style = getComputedStyle(one);
    const [width, offset] = [parseFloat(style.outlineWidth), parseFloat(style.outlineOffset)];
    const behind = ground(offset < 0 ? one : one.parentElement);
    if (style.outlineStyle === "none" || width < 3 || !stands([style.outlineColor], behind))
      return [`${name(one)}: ${style.outline} on ${behind}`];
    const own = one.getBoundingClientRect();
    const inside = (box, by) =>
      own.left - by >= box.left && own.right + by <= box.right && own.top - by >= box.top && own.bottom + by <= box.bottom;
    for (let at = one.parentElement; at; at = at.parentElement) {
      if (getComputedStyle(at).overflow === "visible") continue;
      const box = at.getBoundingClientRect();
      if (inside(box, 0) && !inside(box, offset + width - 2)) return [`${name(one)}: cut off by ${at.className}`];
    }
    return [];
  };
  /* One of each kind, and the focus back to where it was. */
  const unseenFocus = (targets) => {
    const before = document.activeElement;
    const kinds = new Map(targets.map((one) => [`${one.tagName} ${one.className} ${one.parentElement.className}`, one]));
    const found = [...kinds.values()].flatMap(hiddenFocus);
    document.activeElement.blur();
    before.focus({ preventScroll: true });
    return found;
  };

  const page = document.documentElement;
  const targets = all(TARGETS).filter(shown);
  const found = {
    "page scrolls": page.scrollHeight > innerHeight || page.scrollWidth > innerWidth ? [page.className] : [],
    clipped: all(FIXED).filter(overflows).map(sized),
    scrolls: small ? [] : all(SCROLLS_WHEN_SMALL).filter(overflows).map(sized),
    "cut short": all(".step-text").flatMap(cutShort),
    sideways: all(thumb ? "body *" : ".phone *, .sign-in *")
      .filter((one) => !one.closest(".map-canvas") && one.getBoundingClientRect().right > innerWidth + 1)
      .map(name),
    "small targets": targets.flatMap(tooSmall),
    "small letters": all("body *").filter(shown).flatMap(tooFine),
    misplaced: all(".case-body").flatMap(misplaced),
    "over a case": all(`.desk :is(${OVER_A_CASE})`).map(name),
    risks: all(".risks").flatMap(mistold),
    overlaps: all(SIDE_BY_SIDE).flatMap(overlapping),
    "still Chinese": page.lang === "zh-CN" ? [] : all(TRANSLATED)
      .map((one) => one.textContent)
      .filter((text) => /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(text)),
    "faint edges": colours ? targets.flatMap(faint) : [],
    "pale drawings": colours ? all(DRAWN).filter(shown).flatMap(pale) : [],
    "unseen focus": colours ? unseenFocus(targets) : [],
  };
  return Object.fromEntries(Object.entries(found).filter(([, findings]) => findings.length));
}
