/** The calendar fields of an instant, in the machine's zone or in UTC. */
interface Calendar {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly min: number;
  readonly sec: number;
  /** 1 is Sunday, as in Lua. */
  readonly wday: number;
  /** 1 is the first of January. */
  readonly yday: number;
  readonly isdst: boolean;
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;

/** What `os.date("*t")` gives. */
export function toCalendar(date: Date, utc: boolean): Calendar {
  // Shifted by the zone's offset, the UTC fields of a date are the local ones.
  const shifted = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const year = shifted.getUTCFullYear();
  return {
    year,
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    min: shifted.getUTCMinutes(),
    sec: shifted.getUTCSeconds(),
    wday: shifted.getUTCDay() + 1,
    yday:
      Math.floor(
        (Date.UTC(year, shifted.getUTCMonth(), shifted.getUTCDate()) - Date.UTC(year, 0, 1)) / DAY_MS,
      ) + 1,
    isdst: !utc && date.getTimezoneOffset() < winterOffset(date.getFullYear()),
  };
}

/** Whether the machine's zone has daylight saving time in the year of an instant. */
export function hasDaylightSaving(date: Date): boolean {
  const [winter, summer] = [0, 6].map((month) => new Date(date.getFullYear(), month, 1).getTimezoneOffset());
  return winter !== summer;
}

/** Minutes west of UTC when no daylight saving time is in force. */
function winterOffset(year: number): number {
  return Math.max(new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset());
}

/**
 * Formats an instant as C's strftime does in the C locale, with the conversions of C99 that Lua 5.4 accepts.
 * Undefined when the format has another one.
 */
export function strftime(format: string, date: Date, utc: boolean): string | undefined {
  const t = toCalendar(date, utc);
  const weekday = t.wday - 1;
  const monday = (weekday + 6) % 7;
  const hour12 = t.hour % 12 || 12;
  const iso = isoWeek(t, monday);
  const offset = utc ? 0 : -date.getTimezoneOffset();
  const compose = (parts: string): string => strftime(parts, date, utc) ?? "";
  const conversions: Record<string, () => string> = {
    a: () => (DAYS[weekday] ?? "").slice(0, 3),
    A: () => DAYS[weekday] ?? "",
    b: () => (MONTHS[t.month - 1] ?? "").slice(0, 3),
    B: () => MONTHS[t.month - 1] ?? "",
    c: () => compose("%a %b %e %H:%M:%S %Y"),
    C: () => pad(Math.floor(t.year / 100)),
    d: () => pad(t.day),
    D: () => compose("%m/%d/%y"),
    e: () => String(t.day).padStart(2),
    F: () => compose("%Y-%m-%d"),
    g: () => pad(iso.year % 100),
    G: () => String(iso.year),
    h: () => compose("%b"),
    H: () => pad(t.hour),
    I: () => pad(hour12),
    j: () => pad(t.yday, 3),
    m: () => pad(t.month),
    M: () => pad(t.min),
    n: () => "\n",
    p: () => (t.hour < 12 ? "AM" : "PM"),
    r: () => compose("%I:%M:%S %p"),
    R: () => compose("%H:%M"),
    s: () => String(Math.floor(date.getTime() / 1000)),
    S: () => pad(t.sec),
    t: () => "\t",
    T: () => compose("%H:%M:%S"),
    u: () => String(monday + 1),
    U: () => pad(Math.floor((t.yday + 6 - weekday) / 7)),
    V: () => pad(iso.week),
    w: () => String(weekday),
    W: () => pad(Math.floor((t.yday + 6 - monday) / 7)),
    x: () => compose("%m/%d/%y"),
    X: () => compose("%H:%M:%S"),
    y: () => pad(t.year % 100),
    Y: () => String(t.year),
    z: () =>
      `${offset < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(offset) / 60))}${pad(Math.abs(offset) % 60)}`,
    Z: () => (utc ? "GMT" : zoneName(date)),
    "%": () => "%",
  };
  let known = true;
  const text = format.replace(/%(?:E(?=[cCxXyY])|O(?=[deHImMSuUVwWy]))?(.?)/gs, (_, letter: string) => {
    const convert = Object.hasOwn(conversions, letter) ? conversions[letter] : undefined;
    known &&= convert !== undefined;
    return convert?.() ?? "";
  });
  return known ? text : undefined;
}

/** ISO 8601: weeks begin on Monday, and week 1 is the one with the year's first Thursday. */
function isoWeek(t: Calendar, monday: number): { year: number; week: number } {
  const thursday = new Date(Date.UTC(t.year, t.month - 1, t.day - monday + 3));
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1 };
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

function pad(number: number, width = 2): string {
  return String(number).padStart(width, "0");
}
