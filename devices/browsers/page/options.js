// Values of an arm's options, which are text.

export const text = (value) => value;

export function yes(value) {
  if (value !== "true" && value !== "false") throw new Error(`an option that is true or false is ${value}`);
  return value === "true";
}
