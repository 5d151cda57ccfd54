/** A cell of CSV (RFC 4180); what a spreadsheet would take for a formula is kept as text. */
export function writeCsvCell(text: string): string {
  const safe = /^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
