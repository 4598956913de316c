/** The control API on a folder with tokens, some of which are passed to the parent process. */
import { ServedApi } from '../../support/server/served-api.ts';

export interface Ready {
  readonly api: number;
  readonly tokens: readonly string[];
}

const [folder = '', count = '0'] = process.argv.slice(2);
let answered = 0;
const write = (line: string): void => {
  if (line.includes('"msg":"call"')) answered += 1;
};
const served = await ServedApi.start({ folder, log: { write } });
const tokens: string[] = [];
while (tokens.length < Number(count)) tokens.push(await served.token(`asked${tokens.length % 100}`));
process.on('message', () => process.send?.(answered));
process.on('disconnect', () => process.exit());
process.send?.({ api: served.port, tokens } satisfies Ready);
