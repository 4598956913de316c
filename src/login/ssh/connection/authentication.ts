/**
 * One authentication with sshd (RFC 4252, RFC 4256): which method is next, who answers which prompt, and
 * what the end meant. The typed password goes once to the first hidden prompt that stands alone, whatever
 * its language, or to the method `password`; the person answers everything else. A login counts only when
 * something was answered, so never for an account without a password.
 */
import type { AnyAuthMethod, Prompt as SshPrompt } from 'ssh2';
import { AppError } from '../../../errors.ts';
import type { Answers, Prompt } from '../../method.ts';
import { Ended, refused, TakesNoAnswer } from '../ended.ts';
import { nologinText } from '../nologin.ts';
import { type Person, safeLines, safePrompt } from '../person.ts';

export interface Credentials {
  /** Canonical name of the account. */
  readonly username: string;
  readonly password: string;
  readonly person: Person;
}

const MAX_REQUESTS = 20;
const MAX_SAID_LENGTH = 65_536;
/** Prompts of pam_oath(8) and pam_google_authenticator(8), which may come before the one for the password. */
const CODE = /one-time|verification code/i;
/** Methods that take no typed answer, for people. */
const WANTED: Readonly<Record<string, string>> = {
  publickey: 'a key',
  hostbased: 'the key of a host that it trusts',
  'gssapi-with-mic': 'a Kerberos ticket',
  'gssapi-keyex': 'a Kerberos ticket',
};

export class Authentication {
  readonly #credentials: Credentials;
  readonly #onSent: () => void;
  #tried: string | undefined;
  /** The prompt that the typed password answered; empty when that was the method `password`. */
  #passwordPrompt: string | undefined;
  #isWithPerson = false;
  #isAnswered = false;
  #requests = 0;
  /** Texts that came with a prompt which the password answered, not shown yet. */
  #withheld = '';
  /** Texts without a prompt since the last answer. */
  #said = '';

  /** `onSent` is called whenever it is sshd's turn. */
  constructor(credentials: Credentials, onSent: () => void) {
    this.#credentials = credentials;
    this.#onSent = onSent;
  }

  /** True once a prompt, or the method `password`, was answered. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** True once sshd has asked for something, answered or not. */
  get hasAsked(): boolean {
    return this.#isAnswered || this.#isWithPerson;
  }

  /**
   * Returns the next method, given those that sshd accepts (null at first); `isPartial` is true when the
   * previous one succeeded and sshd wants another one as well. Throws Ended when there is none; what sshd
   * wants is told only once it has accepted an answer, since that may differ between accounts.
   */
  next(accepted: readonly string[] | null, isPartial: boolean): AnyAuthMethod {
    const { username } = this.#credentials;
    if (accepted === null) return this.#begin({ type: 'none', username });
    const isUnasked = this.#tried === 'keyboard-interactive' && !this.#isAnswered;
    if (isUnasked && nologinText(this.#said) !== undefined) throw this.failed('by sshd');
    const mayGoOn = this.#tried === 'none' || isPartial || isUnasked;
    if (mayGoOn && !isUnasked && accepted.includes('keyboard-interactive')) return this.#beginPrompts();
    if (mayGoOn && accepted.includes('password')) return this.#beginPassword();
    if (isPartial && this.#isAnswered) throw new Ended({ kind: 'incomplete', wants: wantedOf(accepted) });
    if (this.#tried === 'none' || isPartial) throw new TakesNoAnswer(wantedOf(accepted));
    throw this.failed('by sshd');
  }

  /** Takes a banner (RFC 4252, 5.4). One that comes before any answer is the same for everybody. */
  hearBanner(text: string): void {
    if (this.#isAnswered) this.hear(text);
    else this.#tell(text);
  }

  /** Takes a text without a prompt: kept for the outcome, because it may say something about an account. */
  hear(text: string): void {
    this.#said = `${this.#said}${text}\n`.slice(0, MAX_SAID_LENGTH);
  }

  /**
   * Returns what it means that sshd refused, or ended the connection after an answer: closing it is how
   * sshd ends after MaxAuthTries. `why` is only logged.
   */
  failed(why: string): Ended | AppError {
    const text = nologinText(this.#said);
    if (text !== undefined) return new Ended({ kind: 'closed', text: safeLines(text) });
    if (this.#isWithPerson)
      return new AppError('DEADLINE_EXCEEDED', 'sshd waits no longer for the answer; log in again');
    const said = safeLines(this.#said).replaceAll('\n', ' ').slice(0, 200);
    return refused(said === '' ? why : `${why}: ${said}`);
  }

  /** Shows the texts that were withheld. Called once they give nothing away. */
  showTexts(): void {
    this.#tell(this.#withheld);
    this.#withheld = '';
  }

  #begin(method: AnyAuthMethod): AnyAuthMethod {
    this.#tried = method.type;
    this.#onSent();
    return method;
  }

  #beginPassword(): AnyAuthMethod {
    const { username, password } = this.#credentials;
    this.#passwordPrompt ??= '';
    this.#noteAnswer();
    return this.#begin({ type: 'password', username, password });
  }

  #beginPrompts(): AnyAuthMethod {
    return this.#begin({
      type: 'keyboard-interactive',
      username: this.#credentials.username,
      prompt: () => {},
    });
  }

  /** Answers the prompts of one request, with the password or by asking the person. Throws UNAVAILABLE. */
  async answer(name: string, instruction: string, asked: readonly SshPrompt[]): Promise<Answers> {
    this.#requests += 1;
    if (this.#requests > MAX_REQUESTS) throw new AppError('UNAVAILABLE', 'sshd asks too many questions');
    const prompts = asked.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true }));
    const [only] = prompts;
    if (only === undefined) {
      this.hear(`${name}\n${instruction}`);
      return [];
    }
    const isPassword = this.#passwordPrompt === undefined && prompts.length === 1 && mayBePassword(only);
    const answers = isPassword
      ? this.#answerByPassword(name, instruction, only)
      : await this.#askPerson(name, instruction, prompts);
    this.#noteAnswer();
    this.#onSent();
    return answers;
  }

  #answerByPassword(name: string, instruction: string, { text }: Prompt): Answers {
    const [before, prompt] = splitPrompt(text);
    this.#passwordPrompt = prompt;
    const texts = [name, instruction, before].filter((line) => line !== '').join('\n');
    if (nologinText(texts) !== undefined) this.#tell(texts);
    else this.#withheld += texts;
    return [this.#credentials.password];
  }

  async #askPerson(name: string, instruction: string, prompts: readonly Prompt[]): Promise<Answers> {
    this.showTexts();
    const note = this.#noteFor(prompts);
    if (note !== undefined) this.#tell(note);
    this.#isWithPerson = true;
    const shown = prompts.map(({ text, echo }) => ({ text: safePrompt(text), echo }));
    const answers = await this.#credentials.person.ask({
      name: safeLines(name),
      instruction: safeLines(instruction),
      prompts: shown,
    });
    this.#isWithPerson = false;
    return answers;
  }

  /** Returns what to say before prompts that may want what the person has typed already. */
  #noteFor(prompts: readonly Prompt[]): string | undefined {
    if (this.#passwordPrompt === undefined)
      return prompts.length > 1
        ? 'The host wants several answers at once, the password with them:'
        : undefined;
    if (this.#passwordPrompt === '') return 'The host has taken the password, and asks for more:';
    const isRepeated = prompts.some(({ text }) => splitPrompt(text)[1] === this.#passwordPrompt);
    return isRepeated ? 'The host asks this again:' : undefined;
  }

  #noteAnswer(): void {
    this.#isAnswered = true;
    this.#said = '';
  }

  #tell(text: string): void {
    const safe = safeLines(text);
    if (safe !== '') this.#credentials.person.tell(safe);
  }
}

function mayBePassword({ text, echo }: Prompt): boolean {
  return !echo && !CODE.test(text);
}

/** Splits a prompt from PAM's messages before it, which sshd puts at its beginning. */
function splitPrompt(text: string): [before: string, prompt: string] {
  const at = text.trimEnd().lastIndexOf('\n') + 1;
  return [text.slice(0, at), text.slice(at)];
}

function wantedOf(accepted: readonly string[]): string {
  const names = [...new Set(accepted.map((name) => WANTED[name] ?? `"${name}"`))];
  return names.length === 0 ? 'something else' : names.join(' or ');
}
