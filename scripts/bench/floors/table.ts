/** The 20-field table of the bench: half texts, a quarter numbers, the rest booleans and a list. */
export const TABLE_FIELDS: Readonly<Record<string, string | number | boolean | number[]>> =
  Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => {
      const name = `field_${i + 1}`;
      if (i < 10) return [name, `value number ${i + 1}`];
      if (i < 15) return [name, i * 1000];
      return [name, i < 19 ? i % 2 === 0 : [1, 2, 3]];
    }),
  );
