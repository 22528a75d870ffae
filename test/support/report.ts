// What the handler test/handlers/report.c says about its surroundings.

export type Report = {
  /** All values of a name, in order. */
  readonly all: (name: string) => readonly string[];
  /** The one value of a name. */
  readonly one: (name: string) => string | undefined;
  readonly environment: Readonly<Record<string, string>>;
};

export const readReport = (text: string): Report => {
  const lines = text.split('\n').map((line) => line.split(/ (.*)/s));
  const all = (name: string): readonly string[] =>
    lines.filter((line) => line[0] === name).map((line) => line[1] ?? '');
  const environment = Object.fromEntries(all('environment').map((each) => each.split(/=(.*)/s).slice(0, 2)));
  return { all, one: (name) => all(name)[0], environment };
};
