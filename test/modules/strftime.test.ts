import { describe, expect, test } from "bun:test";
import { strftime, toCalendar } from "../../src/modules/strftime.ts";

const LETTERS = [..."aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYzZ%"];
const INSTANTS = [
  "2026-01-01T00:00:00Z",
  "2024-12-30T12:34:56Z",
  "2020-02-29T23:59:59Z",
  "1999-07-04T06:07:08Z",
];

describe("strftime()", () => {
  test.each(INSTANTS)("agrees with the system's date command at %s", async (instant) => {
    const format = LETTERS.map((letter) => `${letter.codePointAt(0)}:%${letter}`).join("|");
    const child = Bun.spawn(["date", "-u", "-d", instant, `+${format}`], {
      env: { LC_ALL: "C", PATH: process.env.PATH ?? "" },
    });
    const expected = (await child.stdout.text()).replace(/\n$/, "").replace(":UTC|", ":GMT|");
    expect(strftime(format, new Date(instant), true)).toBe(expected);
  });

  test("knows no other conversions", () => {
    expect(strftime("%Q", new Date(0), true)).toBeUndefined();
    expect(strftime("100%", new Date(0), true)).toBeUndefined();
  });
});

test("toCalendar() counts weekdays from Sunday and days from the first of January", () => {
  expect(toCalendar(new Date("2024-12-31T01:02:03Z"), true)).toEqual({
    year: 2024,
    month: 12,
    day: 31,
    hour: 1,
    min: 2,
    sec: 3,
    wday: 3,
    yday: 366,
    isdst: false,
  });
});
