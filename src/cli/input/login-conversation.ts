/** A login's conversation with a person: shows what the server says, and answers its prompts. */
import type { Client } from '../../client/connect/connect.ts';
import { AppError } from '../../errors.ts';
import type { LoginBegin, LoginDone, LoginPrompts } from '../../generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import type { AuthMethodName } from '../../values/auth-method.ts';
import { enumValue } from '../../values/enum-word.ts';
import type { Run } from '../run.ts';
import type { Answers } from './answers.ts';

type Begin = Pick<LoginBegin, 'username' | 'purpose'> & { readonly method: AuthMethodName };

/** Logs in; resolves with the token. Throws what the login fails with, USAGE when an answer is missing. */
export async function converse(
  run: Run,
  client: Client,
  answers: Answers,
  { method, ...begin }: Begin,
): Promise<LoginDone> {
  const conversation = client.auth.login();
  const first = { method: enumValue(AuthMethod, method), ...begin };
  conversation.send({ request: { $case: 'begin', value: first } }).catch(() => {}); // the responses fail too
  const responses = conversation.responses[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await run.out.whileWaiting(`waiting for ${client.address}`, responses.next());
      if (done) break;
      const { challenge } = value;
      if (challenge?.$case === 'done') return challenge.value;
      if (challenge?.$case === 'notice') showMessage(run, challenge.value.text);
      if (challenge?.$case !== 'prompts') continue;
      const texts = await answer(run, answers, challenge.value);
      conversation.send({ request: { $case: 'answers', value: { texts } } }).catch(() => {});
    }
  } finally {
    conversation.cancel();
  }
  throw new AppError('INTERNAL', 'the server ended the login without an answer');
}

async function answer(run: Run, answers: Answers, asked: LoginPrompts): Promise<string[]> {
  if (asked.again) run.out.note('Login refused; try again:');
  showMessage(run, asked.name, asked.instruction);
  const texts: string[] = [];
  for (const { text, echo } of asked.prompts) {
    // PAM's messages since its last prompt are at the beginning of the next one.
    const at = text.trimEnd().lastIndexOf('\n') + 1;
    showMessage(run, text.slice(0, at));
    const prompt = text.slice(at);
    const given = await answers.next(prompt, echo);
    if (given === undefined && asked.again) throw new AppError('LOGIN_REFUSED', 'login refused');
    if (given === undefined) {
      const next = 'pass one more line, in the order of the prompts';
      throw new AppError('USAGE', `there is no answer for "${prompt.trim()}"; ${next}`);
    }
    texts.push(given);
  }
  return texts;
}

function showMessage(run: Run, ...texts: readonly string[]): void {
  for (const text of texts) {
    for (const line of text.split('\n')) if (line.trim() !== '') run.out.note(line);
  }
}
