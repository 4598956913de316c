/** Does what was confirmed, and puts the receipts into words. */
import type { Client } from '../../src/client/connect.ts';
import { explain } from '../../src/terminal/failure.ts';
import { receiptLines } from '../../src/terminal/receipt-lines.ts';
import type { Answer, Row, Screen } from '../screen.ts';
import type { Event } from '../state/reduce.ts';

/** One failure does not hide what else has ended. */
export async function act(client: Client, screen: Screen, rows: readonly Row[]): Promise<Event> {
  const asked =
    screen.action?.act(
      client,
      rows.map(({ id }) => id),
    ) ?? [];
  const answers = await Promise.allSettled(asked);
  return { kind: 'told', title: 'Receipt', lines: answers.flatMap(told) };
}

function told(answer: PromiseSettledResult<Answer>): string[] {
  if (answer.status === 'rejected') return [explain(answer.reason).text];
  const { receipt } = answer.value;
  return receipt === undefined ? ['The server sent no receipt.'] : receiptLines(receipt);
}
