/** The last part of a fault's code as one CamelCase word: `FileUnreadable`. */
export function faultReason(code: string): string {
  const words = (code.split(".")[1] ?? code).split("-");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
