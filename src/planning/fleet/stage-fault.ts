import { Fault, isFault } from "../../base/fault.ts";

/**
 * Does what a stage asks for; a fault then names the stage's place in the plan before its own words.
 *
 * @param placeOf the place in the plan of a field of the question; undefined where the fault names none.
 */
export function atStage<Result>(placeOf: (field: string | undefined) => string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!isFault(error)) throw error;
    const { path } = error.details;
    const field = typeof path === "string" && path !== "" ? path : undefined;
    const place = placeOf(field);
    const words = withoutField(error.message, field);
    throw new Fault(error.code, `${place}: ${words}`, { details: { path: place }, cause: error });
  }
}

/** Some words begin with what is asked and its field, which the place names already. */
function withoutField(message: string, field: string | undefined): string {
  const beginnings = [`the question cannot be read: ${field}: `, `${field}: `];
  const beginning = beginnings.find((each) => message.startsWith(each));
  return beginning === undefined ? message : message.slice(beginning.length);
}
