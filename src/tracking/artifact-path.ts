import { invalidRequest } from "./request-field.ts";

/** How artifact locations of ours begin; what follows lies below the project's own part of the object store. */
export const artifactScheme = "mlflow-artifacts:/";

const pathLengthMax = 900;
const partLengthMax = 200;
const decodesMax = 5;

/**
 * Checks a path of artifacts and answers with it in plain form: relative, no empty parts, nothing that climbs.
 * A path that would climb after being URL-decoded again is refused too.
 *
 * @throws {Fault} `tracking.request-invalid`.
 */
export function checkArtifactPath(path: string): string {
  const plain = path.replace(/\/+$/, "");
  if (plain === "") return "";
  let seen = plain;
  for (let round = 0; round < decodesMax; round += 1) {
    refuseBadParts(seen, path);
    const decoded = decodeOnce(seen);
    if (decoded === seen) return plain;
    seen = decoded;
  }
  throw badPath(path);
}

function refuseBadParts(seen: string, path: string): void {
  if (
    seen.length > pathLengthMax ||
    seen.includes("\\") ||
    seen.includes("\0") ||
    !seen.isWellFormed() ||
    /^[a-zA-Z]:/.test(seen)
  )
    throw badPath(path);
  for (const part of seen.split("/")) {
    if (part === "" || part === "." || part === ".." || part.length > partLengthMax) throw badPath(path);
  }
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function badPath(path: string): ReturnType<typeof invalidRequest> {
  return invalidRequest(
    `Invalid path ${JSON.stringify(path.slice(0, 120))}: use a relative path of plain names joined by "/", without ".."`,
  );
}

/** Where a project's artifacts lie in the object store. */
export function artifactKey(project: string, path: string): string {
  return path === "" ? `tracking/${project}` : `tracking/${project}/${path}`;
}

/**
 * The path, below the project's artifacts, of something under an artifact location; null when the location is not
 * ours to serve (the client then reads it by itself).
 */
export function proxiedPath(artifactUri: string, below: string): string | null {
  if (!artifactUri.startsWith(artifactScheme)) return null;
  const root = checkArtifactPath(artifactUri.slice(artifactScheme.length).replace(/^\/+/, ""));
  const rest = checkArtifactPath(below);
  return rest === "" ? root : root === "" ? rest : `${root}/${rest}`;
}
