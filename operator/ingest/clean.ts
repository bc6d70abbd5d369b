// Makes what strangers sent fit for everything behind it: no depth that a recursion could drown in, no key that could be taken for a
// prototype, no character that a terminal or a log could take for an order. What is clean already is passed on as it is.
export interface Problem {
  /** Where, as `output_fields.proc.name` or `policies[3]`; empty for the whole. */
  readonly field: string;
  readonly message: string;
}

export type Cleaned =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem };

/** Deeper than any process tree that an agent sends, and far from the end of any stack. */
export const deepest = 64;

/** Controls but tab and line ends, which command lines have; and those that turn the direction of text, which hide what it says. */
// oxlint-disable-next-line no-control-regex
const unfit = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const allUnfit = new RegExp(unfit, 'g');

/** Never throws, whatever JSON.parse has made. */
export const clean = (value: unknown): Cleaned => {
  const path: (string | number)[] = [];
  try {
    return { ok: true, value: cleanValue(value, path) };
  } catch (error) {
    if (error instanceof Unfit) return { ok: false, problem: { field: fieldOf(path), message: error.message } };
    throw error;
  }
};

/** What of a whole body could make `clean` change or refuse anything but depth: most bodies have none of it, which one look tells. */
// oxlint-disable-next-line no-control-regex
const suspect = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\\[bfu]|__proto__/;

/** Whether every text in the JSON is clean as it stands; a false alarm costs time and nothing else. */
export const isPlain = (json: string): boolean => !suspect.test(json) && json.isWellFormed();

/** Whether `clean` finds no fault with the depth. */
export const isShallow = (value: unknown, left = deepest): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  if (left === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isShallow(item, left - 1));
  // What JSON.parse has made has no inherited fields.
  for (const key in value) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof field === 'object' && !isShallow(field, left - 1)) return false;
  }
  return true;
};

/** Text as it may be kept. */
export const cleanText = (text: string): string => {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return unfit.test(whole) ? whole.replace(allUnfit, '\ufffd') : whole;
};

class Unfit extends Error {}

const cleanValue = (value: unknown, path: (string | number)[]): unknown => {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (path.length >= deepest) throw new Unfit(`is nested more than ${deepest} levels deep`);
  return Array.isArray(value) ? cleanList(value, path) : cleanObject(value as Readonly<Record<string, unknown>>, path);
};

const cleanList = (list: readonly unknown[], path: (string | number)[]): readonly unknown[] => {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    path.push(index);
    const item = cleanValue(list[index], path);
    path.pop();
    if (item !== list[index]) (copy ??= list.slice())[index] = item;
  }
  return copy ?? list;
};

const cleanObject = (object: Readonly<Record<string, unknown>>, path: (string | number)[]): unknown => {
  let isSame = true;
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(object)) {
    path.push(key);
    if (key === '__proto__') throw new Unfit('is no name that a field may have');
    const [name, item] = [cleanText(key), cleanValue(object[key], path)];
    path.pop();
    if (name !== key || item !== object[key]) isSame = false;
    entries.push([name, item]);
  }
  return isSame ? object : Object.fromEntries(entries);
};

/** As short as a person reads; the path itself came from a stranger. */
const fieldOf = (path: readonly (string | number)[]): string => {
  const text = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${cleanText(step)}`))
    .join('')
    .replace(/^\./, '');
  return text.length > 128 ? `${text.slice(0, 127).toWellFormed()}…` : text;
};
