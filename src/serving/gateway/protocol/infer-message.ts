/*
 * The messages of `inference.GRPCInferenceService` that carry tensors, as a decoder gives them: members by their names in the
 * protocol, absent ones with their defaults.
 */

/** A 64-bit whole number as decoders give it: a number, or an object that writes itself in digits. */
export type WideNumber = number | string | { toString(): string };

/** One value of a request's or a tensor's parameters; `parameter_choice` names the member that is set. */
export interface ParameterMessage {
  readonly parameter_choice?: string;
  readonly bool_param?: boolean;
  readonly int64_param?: WideNumber;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: WideNumber;
}

export type ParametersMessage = Readonly<Record<string, ParameterMessage>>;

/** Typed elements; at most one member has any. */
export interface ContentsMessage {
  readonly bool_contents?: readonly boolean[];
  readonly int_contents?: readonly number[];
  readonly int64_contents?: readonly WideNumber[];
  readonly uint_contents?: readonly number[];
  readonly uint64_contents?: readonly WideNumber[];
  readonly fp32_contents?: ArrayLike<number>;
  readonly fp64_contents?: ArrayLike<number>;
  readonly bytes_contents?: readonly Uint8Array[];
}

export interface TensorMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly WideNumber[];
  readonly parameters?: ParametersMessage;
  readonly contents?: ContentsMessage | null;
}

/** `ModelInferRequest`. */
export interface InferRequestMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: ParametersMessage;
  readonly inputs: readonly TensorMessage[];
  readonly outputs: readonly { readonly name: string; readonly parameters: ParametersMessage }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

/** `ModelInferResponse`. */
export interface InferResponseMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: ParametersMessage;
  readonly outputs: readonly TensorMessage[];
  readonly raw_output_contents: readonly Uint8Array[];
}
