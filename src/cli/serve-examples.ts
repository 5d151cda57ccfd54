/** What a caller needs to know of a deployment that serves. */
export interface ServedAddress {
  readonly url: string;
  readonly name: string;
  readonly project: string;
}

/** Commands and code that ask a deployment, ready to copy. */
export interface ServeExamples {
  readonly curl: string;
  readonly python: string;
}

/** Examples in the protocol that the address speaks. */
export function serveExamples(address: ServedAddress): ServeExamples {
  return address.url.endsWith("/v1") ? chatExamples(address) : tensorExamples(address);
}

function chatExamples({ url, name, project }: ServedAddress): ServeExamples {
  const body = JSON.stringify({ model: name, messages: [{ role: "user", content: "Hello" }], stream: true });
  return {
    curl: [
      `curl -N ${url}/chat/completions`,
      `-H "authorization: Bearer $MILLWRIGHT_KEY"`,
      `-H 'x-millwright-project: ${project}'`,
      `-H 'content-type: application/json'`,
      `-d '${body}'`,
    ].join(" \\\n  "),
    python: [
      "import os",
      "from openai import OpenAI",
      "",
      `client = OpenAI(base_url="${url}", api_key=os.environ["MILLWRIGHT_KEY"],`,
      `                default_headers={"x-millwright-project": "${project}"})`,
      `answer = client.chat.completions.create(model="${name}", messages=[{"role": "user", "content": "Hello"}], stream=True)`,
      "for chunk in answer:",
      '    print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)',
    ].join("\n"),
  };
}

function tensorExamples({ url, project }: ServedAddress): ServeExamples {
  const headers = [`-H "authorization: Bearer $MILLWRIGHT_KEY"`, `-H 'x-millwright-project: ${project}'`];
  return {
    curl: [`curl ${url}`, ...headers].join(" \\\n  "),
    python: [
      "import json, os, urllib.request",
      "",
      `headers = {"authorization": "Bearer " + os.environ["MILLWRIGHT_KEY"], "x-millwright-project": "${project}"}`,
      `metadata = json.load(urllib.request.urlopen(urllib.request.Request("${url}", headers=headers)))`,
      'print(metadata["inputs"])  # send these to the address with /infer',
    ].join("\n"),
  };
}
