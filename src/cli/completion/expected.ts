/**
 * Finds the words that may come next on a command line, by matching the preceding words with commander's
 * commands and options: a new command or option completes in every shell without further work.
 */
import type { Argument, Command, Option } from 'commander';
import { type Globals, isGlobal } from '../globals.ts';
import { suggestionsFor } from '../option.ts';
import { type Candidate, isNameKind, type NameKind } from './names.ts';

export type Expected =
  /** A path, which the shell completes. */
  | { readonly kind: 'files' | 'directories' }
  /** A program and its arguments, from the word at `at` on, which the shell completes. */
  | { readonly kind: 'program'; readonly at: number }
  | {
      readonly kind: 'words';
      /** Candidates known without asking the server. */
      readonly candidates: readonly Candidate[];
      /** Candidates to ask the server for. */
      readonly nameKind?: NameKind;
      /** Text before the candidate in the same word: "--login=", or nothing. */
      readonly prefix: string;
      /** Options that say which server to ask, and with which token. */
      readonly globals: Globals;
    };

/**
 * Finds the candidates for the last of `words`, which follow the program's name; '' is an empty word.
 */
export function expectedAt(program: Command, words: readonly string[]): Expected {
  const walk = new Walk(program);
  for (const word of words.slice(0, -1)) walk.stepOver(word);
  return walk.expected(words.at(-1) ?? '');
}

const NONE: Candidate[] = [];

class Walk {
  readonly #program: Command;
  #command: Command;
  #at = 0;
  /** Number of arguments that the command already has. */
  #argumentCount = 0;
  /** Option whose value comes next. */
  #pending: Option | undefined;
  /** True after "--": no later word is an option. */
  #isAfterDashes = false;
  #programAt: number | undefined;
  readonly #globals: Record<string, unknown> = {};

  constructor(program: Command) {
    this.#program = program;
    this.#command = program;
  }

  stepOver(word: string): void {
    if (this.#programAt === undefined) this.#take(word);
    this.#at += 1;
  }

  #take(word: string): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#note(pending, word);
    else if (this.#isAfterDashes || !word.startsWith('-')) this.#stepOverWord(word);
    else if (word === '--') this.#isAfterDashes = true;
    else this.#stepOverOption(word);
  }

  expected(last: string): Expected {
    const programAt = this.#programAt ?? (isProgram(this.#argument) ? this.#at : undefined);
    const isOption = !this.#isAfterDashes && last.startsWith('-');
    if (this.#pending !== undefined) return this.#valueOf(this.#pending, '');
    if (programAt !== undefined && (!isOption || programAt < this.#at))
      return { kind: 'program', at: programAt };
    if (isOption) return this.#optionOrValue(last);
    if (this.#commands.length > 0) return this.#words(this.#commands.map(described));
    if (last.startsWith(':')) return this.#words(NONE); // a path of the host
    if (this.#argument !== undefined) return this.#valueOf(this.#argument, '');
    return this.#words(this.#isAfterDashes ? NONE : this.#flags('--'));
  }

  /** Commands that may come next. */
  get #commands(): Command[] {
    return this.#argumentCount > 0 || this.#isAfterDashes ? [] : commandsOf(this.#command);
  }

  get #argument(): Argument | undefined {
    const all = this.#command.registeredArguments;
    const last = all.at(-1);
    return all[this.#argumentCount] ?? (last?.variadic === true ? last : undefined);
  }

  #stepOverWord(word: string): void {
    const below = this.#commands.find((command) => command.name() === word);
    if (below !== undefined) {
      this.#command = below;
      return;
    }
    if (isProgram(this.#argument)) this.#programAt = this.#at;
    this.#argumentCount += 1;
  }

  #stepOverOption(word: string): void {
    const [flag = '', ...value] = word.split('=');
    const option = this.#option(flag);
    if (option === undefined) return;
    if (option.required && value.length === 0) this.#pending = option;
    else this.#note(option, option.required ? value.join('=') : !option.negate);
  }

  #option(flag: string): Option | undefined {
    return this.#command.options.find(({ long, short }) => long === flag || short === flag);
  }

  #note(option: Option, value: unknown): void {
    if (isGlobal(option)) this.#globals[option.attributeName()] = value;
  }

  /** Completes a word that begins with "-". */
  #optionOrValue(last: string): Expected {
    const [prefix, flag = ''] = /^(--[^=]*)=/.exec(last) ?? [];
    if (prefix === undefined) return this.#words(this.#flags(last));
    const option = this.#option(flag);
    return option?.required === true ? this.#valueOf(option, prefix) : this.#words(NONE);
  }

  #flags(start: string): Candidate[] {
    return this.#command
      .createHelp()
      .visibleOptions(this.#command)
      .flatMap(({ short, long, description }) =>
        [long, short]
          .filter((flag) => flag?.startsWith(start))
          .map((flag = ''): Candidate => [flag, description]),
      );
  }

  #valueOf(what: Option | Argument, prefix: string): Expected {
    const offers = suggestionsFor(what)?.map((value): Candidate => [value, '']);
    if (offers !== undefined) return this.#words(offers, prefix);
    const name = placeholderOf(what);
    if (name === 'file') return { kind: 'files' };
    if (name === 'dir') return { kind: 'directories' };
    if (name === 'command') return this.#words(commandsOf(this.#program).map(described));
    return { ...this.#words(NONE, prefix), ...(isNameKind(name) && { nameKind: name }) };
  }

  #words(candidates: readonly Candidate[], prefix = ''): Extract<Expected, { kind: 'words' }> {
    return { kind: 'words', candidates, prefix, globals: this.#globals };
  }
}

/** True for the "command..." of `latchkey start`, whose words belong to that program. */
function isProgram(argument: Argument | undefined): boolean {
  return argument?.variadic === true && argument.name() === 'command';
}

function commandsOf(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function described(command: Command): Candidate {
  return [command.name(), command.summary() || command.description()];
}

/** Returns the placeholder of the value in the help: "jti" for `<jti>` and `[jti...]`. */
function placeholderOf(what: Option | Argument): string {
  return 'flags' in what ? (/<(.+)>/.exec(what.flags)?.[1] ?? '') : what.name();
}
