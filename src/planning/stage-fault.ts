import { Fault, isFault } from "../base/fault.ts";

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
    const field = error.details["path"];
    const place = placeOf(typeof field === "string" && field !== "" ? field : undefined);
    throw new Fault(error.code, `${place}: ${error.message}`, { details: { path: place }, cause: error });
  }
}
