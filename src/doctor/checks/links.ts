/** Checks the connected links: that they respond, and have this program's version. */
import type { Client } from '../../client/connect/connect.ts';
import { firstItems } from '../../client/pages.ts';
import { isAppError } from '../../errors.ts';
import type { Link } from '../../generated/latchkey/v1/link.ts';
import { LinkState } from '../../generated/latchkey/v1/link.ts';
import { VERSION } from '../../version.ts';
import { type Finding, Findings } from '../finding.ts';

const CALL_MS = 5_000;
const found = new Findings('links');

export async function checkLinks(client: Client | undefined): Promise<Finding[]> {
  if (client === undefined)
    return [found.skipped('the server does not answer; see the finding about daemon')];
  try {
    return judge(await everyLink(client));
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [
      found.skipped(
        `the server does not list them: ${error.message}`,
        'run as root, or as the user that runs the server',
      ),
    ];
  }
}

async function everyLink(client: Client): Promise<Link[]> {
  const { items } = await firstItems(Infinity, async (pageSize, pageToken) => {
    const page = await client.links.listLinks({ pageSize, pageToken }, { timeoutMs: CALL_MS });
    return { ...page, items: page.links, total: page.totalSize };
  });
  return items;
}

function judge(links: readonly Link[]): Finding[] {
  const lost = links.filter(({ state }) => state === LinkState.LOST);
  const others = links.filter(({ version, state }) => version !== VERSION && state !== LinkState.LOST);
  const findings = [
    ...lost.map((link) =>
      found.warning(`${link.linuxUser}'s link, process ${link.pid}, does not answer`, stop(link)),
    ),
    ...others.map((link) =>
      found.warning(`${link.linuxUser}'s link has version ${link.version}, not ${VERSION}`, renew(link)),
    ),
  ];
  const good = links.length - findings.length;
  if (findings.length > 0 && good === 0) return findings;
  return [...findings, found.ok(good === 0 ? 'none is connected' : `${good} of this version, connected`)];
}

function stop({ socket }: Link): string {
  return `latchkey links stop ${socket} --local-admin`;
}

/**
 * The server replaces an outdated link daemon (supervisor/lifecycle/outdated-daemons.ts). A link with a
 * token of its own ends with that token.
 */
function renew(link: Link): string {
  return link.daemon ? `it is replaced when it runs no program; at once: ${stop(link)}` : stop(link);
}
