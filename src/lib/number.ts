import { Float } from "./value.ts";

/** Significant digits with which Lua 5.4 prints a float (`LUAI_NUMFFORMAT`, "%.14g"). */
const DIGITS = 14;

/** A number as Lua's `print` shows it: `17`, `1.0`, `0.1`, `1e+300`, `inf`, `nan`. */
export function formatNumber(number: number | bigint | Float): string {
  if (typeof number === "bigint" || Number.isSafeInteger(number)) {
    return Object.is(number, -0) ? "-0.0" : String(number);
  }
  const float = number instanceof Float ? number.value : number;
  if (Number.isNaN(float)) return "nan";
  if (!Number.isFinite(float)) return float > 0 ? "inf" : "-inf";
  if (float === 0) return Object.is(float, -0) ? "-0.0" : "0.0";
  const text = formatGeneral(float);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** C's `%.14g` of a finite number other than 0. */
function formatGeneral(float: number): string {
  const [digits = "", power = "0"] = float.toExponential(DIGITS - 1).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= DIGITS) {
    const sign = exponent < 0 ? "-" : "+";
    return `${withoutZeros(digits)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return withoutZeros(float.toFixed(DIGITS - 1 - exponent));
}

function withoutZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
