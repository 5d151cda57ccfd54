import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { ObjectStore } from "../../src/platform/ports.ts";

/** What every object store promises, whatever it is made of. */
export function objectStoreContract(name: string, store: () => ObjectStore): void {
  describe(`the object store contract, on ${name}`, () => {
    test("gives back what was put, from bytes or from a stream", async () => {
      await store().put("a/bytes", Buffer.from("one"));
      await store().put("a/stream", Readable.from([Buffer.from("t"), Buffer.from("wo")]));
      const read = async (key: string): Promise<string> => await text((await store().get(key)).content);
      expect(await read("a/bytes")).toBe("one");
      expect(await read("a/stream")).toBe("two");
      expect(await store().head("a/stream")).toEqual({ key: "a/stream", bytes: 3 });
    });

    test("a later put replaces the object whole", async () => {
      await store().put("b/again", Buffer.from("a long first content"));
      await store().put("b/again", Buffer.from("short"));
      expect(await text((await store().get("b/again")).content)).toBe("short");
    });

    test("lists by prefix in order, and no further than asked", async () => {
      for (const key of ["c/2", "c/1", "c/deep/3", "cc/4"]) await store().put(key, Buffer.from(key));
      expect((await store().list("c/", 10)).map((object) => object.key)).toEqual(["c/1", "c/2", "c/deep/3"]);
      expect(await store().list("c/", 2)).toHaveLength(2);
      expect(await store().list("nothing/", 10)).toEqual([]);
    });

    test("a missing object is a fault, and deleting it is not", async () => {
      await expect(store().get("d/none")).rejects.toMatchObject({ code: "platform.not-found" });
      await store().delete("d/none");
    });

    test.each(["../escape", "/absolute", "a//b", "a/./b", "", "a/../../b"])("refuses the key %j", async (key) => {
      await expect(store().put(key, Buffer.from("x"))).rejects.toMatchObject({ code: "platform.request-invalid" });
    });
  });
}
