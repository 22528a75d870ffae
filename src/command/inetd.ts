export const runInetd = async (_words: readonly string[], _name: string): Promise<0> => 0;
