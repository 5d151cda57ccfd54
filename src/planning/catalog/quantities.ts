/** A decimal amount of memory, 10^9 bytes; not to be mixed with binary gibibytes. */
export type Gigabytes = number & { readonly unit: "GB" };

/** A binary amount of memory, 2^30 bytes; what PyTorch and `nvidia-smi` report. */
export type Gibibytes = number & { readonly unit: "GiB" };

/** A rate of bytes, 10^9 bytes a second, one direction. */
export type GigabytesPerSecond = number & { readonly unit: "GB/s" };

/** A rate of bits as network ports are sold, 10^9 bits a second, one direction. */
export type GigabitsPerSecond = number & { readonly unit: "Gb/s" };

const bytesPerGigabyte = 1e9;
const bytesPerGibibyte = 1024 ** 3;
const bitsPerByte = 8;

/** The decimal memory of a number of bytes. */
export function gigabytesOf(bytes: number): Gigabytes {
  return (bytes / bytesPerGigabyte) as Gigabytes;
}

/** The binary memory of a number of bytes. */
export function gibibytesOf(bytes: number): Gibibytes {
  return (bytes / bytesPerGibibyte) as Gibibytes;
}

/** The bytes of a decimal amount. */
export function bytesOfGigabytes(amount: Gigabytes): number {
  return amount * bytesPerGigabyte;
}

/** The bytes of a binary amount. */
export function bytesOfGibibytes(amount: Gibibytes): number {
  return amount * bytesPerGibibyte;
}

/** The rate in bytes of a port that is sold in bits: 400 Gb/s are 50 GB/s. */
export function byteRateOf(rate: GigabitsPerSecond): GigabytesPerSecond {
  return (rate / bitsPerByte) as GigabytesPerSecond;
}
