/**
 * Reads CSV as it comes (RFC 4180): fields may stand in quotes, hold commas, line ends and doubled quotes. What a record is missing
 * is empty; blank lines are passed over.
 */
export class CsvRecords {
  #field = "";
  #record: string[] = [];
  /** `quote`: within quotes; `closed`: after a quote that ends the field or is doubled. */
  #place: "plain" | "quote" | "closed" = "plain";

  /** Takes the next piece of the file. @returns the records that are whole by now. */
  push(text: string): readonly (readonly string[])[] {
    const whole: string[][] = [];
    for (const character of text) {
      const record = this.#take(character);
      if (record !== undefined) whole.push(record);
    }
    return whole;
  }

  /** The last record, when the file does not end with a line end. */
  end(): readonly string[] | undefined {
    return this.#endRecord();
  }

  #take(character: string): string[] | undefined {
    if (this.#place === "quote") {
      if (character === '"') this.#place = "closed";
      else this.#field += character;
      return undefined;
    }
    if (character === '"') {
      if (this.#place === "closed") this.#field += character;
      this.#place = this.#place === "closed" || this.#field === "" ? "quote" : "plain";
      return undefined;
    }
    this.#place = "plain";
    if (character === "\n") return this.#endRecord();
    if (character === ",") {
      this.#record.push(this.#field);
      this.#field = "";
    } else if (character !== "\r") this.#field += character;
    return undefined;
  }

  #endRecord(): string[] | undefined {
    const record = [...this.#record, this.#field];
    this.#record = [];
    this.#field = "";
    return record.length === 1 && record[0] === "" ? undefined : record;
  }
}
