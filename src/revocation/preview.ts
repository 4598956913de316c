/** Tells in advance what a revocation would end. Ends nothing. */
import type { Authority, EndReason } from '../authority/authority.ts';
import {
  type DependentSources,
  type Ending,
  endedSessionsOf,
  endingOf,
  linksOf,
  sessionsOf,
  unusedDaemons,
} from './dependents.ts';
import type { Requester } from './may-end.ts';
import { type Part, type Receipt, receiptOf } from './receipt.ts';
import { type SelectDeps, type Selection, select } from './select.ts';
import { peopleIn, peopleOf, type StillRunningSources, stillRunning } from './still-running.ts';

type PreviewSources = SelectDeps &
  DependentSources &
  StillRunningSources & { readonly authority: Pick<Authority, 'idsOf' | 'claimsOf' | 'withChildren'> };

/**
 * Returns the receipt that a revocation would return now, as far as it is known in advance: without
 * processes, survivors and verifier. Throws what the revocation throws.
 */
export async function preview(
  selection: Selection,
  why: EndReason,
  by: Requester,
  sources: PreviewSources,
): Promise<Receipt> {
  const { authority } = sources;
  const selected = await select(selection, why, by, sources);
  const found = 'login' in selected ? await authority.idsOf(selected.login) : selected.jtis;
  const jtis = authority.withChildren(found);
  const ending = endingOf(selected, why);
  const parts = await dependentsOf(jtis, ending, new Set(jtis), sources);
  const sessions = 'sessions' in selected ? selected.sessions : await endedSessionsOf(ending, sources);
  parts.push({ sessions: sessions.map(({ id }) => id), people: peopleOf([], sessions) });
  parts.push(await stillRunning(peopleIn(selected, parts), parts, by, sources));
  return receiptOf(jtis, parts, 0);
}

/** Returns what depends on the tokens; adds the tokens that would end with them to `all`. */
async function dependentsOf(
  jtis: readonly string[],
  how: Ending,
  all: Set<string>,
  sources: PreviewSources,
): Promise<Part[]> {
  const { authority } = sources;
  const tokens = await authority.claimsOf(jtis);
  const { ending, kept } = await sessionsOf(tokens, how, sources);
  const parts: Part[] = [
    {
      people: peopleOf(tokens, ending),
      links: linksOf(tokens, sources).map(({ socket }) => socket),
      sessions: ending.map(({ id }) => id),
      keptSessions: kept.map(({ id }) => id),
    },
  ];
  const unused = await unusedDaemons(tokens, how.why, all, sources);
  const more = authority.withChildren(unused).filter((jti) => !all.has(jti));
  for (const jti of more) all.add(jti);
  if (more.length > 0) parts.push(...(await dependentsOf(more, how, all, sources)));
  return parts;
}
