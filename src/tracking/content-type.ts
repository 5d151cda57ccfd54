const typesByEnding: Readonly<Record<string, string>> = {
  css: "text/plain",
  csv: "text/csv",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  log: "text/plain",
  md: "text/plain",
  pdf: "application/pdf",
  png: "image/png",
  py: "text/plain",
  toml: "text/plain",
  tsv: "text/tab-separated-values",
  txt: "text/plain",
  yaml: "text/plain",
  yml: "text/plain",
};

/** The media type to answer a download with; what a browser might run (HTML, SVG, scripts) stays bytes. */
export function contentTypeOf(path: string): string {
  const ending = /\.([a-z0-9]+)$/.exec(path.toLowerCase())?.[1] ?? "";
  return (Object.hasOwn(typesByEnding, ending) ? typesByEnding[ending] : undefined) ?? "application/octet-stream";
}

/** A `Content-Disposition` that makes browsers save the file under its own name. */
export function attachmentOf(path: string): string {
  const name = path.split("/").at(-1) ?? "artifact";
  return `attachment; filename="${name.replace(/[^\w.\- ]/g, "_")}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, "_")}`;
}
