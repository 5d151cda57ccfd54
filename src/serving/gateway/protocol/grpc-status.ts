/** Status codes of gRPC (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md). */
export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** One of `grpcStatus`. */
export type GrpcStatus = (typeof grpcStatus)[keyof typeof grpcStatus];

const statuses: ReadonlyMap<number, GrpcStatus> = new Map<number, GrpcStatus>([
  [400, grpcStatus.invalidArgument],
  [401, grpcStatus.unauthenticated],
  [403, grpcStatus.permissionDenied],
  [404, grpcStatus.notFound],
  [408, grpcStatus.deadlineExceeded],
  [409, grpcStatus.failedPrecondition],
  [413, grpcStatus.resourceExhausted],
  [422, grpcStatus.failedPrecondition],
  [429, grpcStatus.resourceExhausted],
  [499, grpcStatus.cancelled],
  [501, grpcStatus.unimplemented],
  [502, grpcStatus.unavailable],
  [503, grpcStatus.unavailable],
  [504, grpcStatus.deadlineExceeded],
]);

/** The status that says in gRPC what this one says in HTTP. */
export function grpcStatusOf(httpStatus: number): GrpcStatus {
  return statuses.get(httpStatus) ?? (httpStatus < 500 ? grpcStatus.invalidArgument : grpcStatus.internal);
}

/** Text as the header `grpc-message` takes it: printable ASCII but `%`, all other bytes of its UTF-8 as %XX. */
export function grpcMessage(text: string): string {
  let written = "";
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    written += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return written;
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * The header `grpc-timeout`: at most eight digits and a unit.
 *
 * @returns milliseconds; null when there is none; undefined when it cannot be read.
 */
export function parseGrpcTimeout(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const factor = unitMs[unit ?? ""];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
