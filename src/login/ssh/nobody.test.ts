import { expect, it } from 'vitest';
import { asNobody } from './nobody.ts';
import type { PromptSet } from './person.ts';

it('asks sshd by a name that nobody has, which the person never reads', async () => {
  const heard: unknown[] = [];
  const person = {
    tell: (text: string) => void heard.push(text),
    ask: async (promptSet: PromptSet) => {
      heard.push(promptSet);
      return ['answer'];
    },
  };
  const {
    username,
    password,
    person: asked,
  } = asNobody({ username: 'al\x07ice', password: 'secret', person });
  expect({ username, password }).toEqual({ username: expect.stringMatching(/^nobody-/), password: 'secret' });
  asked.tell(`${username}, welcome`);
  const prompts = [{ text: `Code for \`${username}': `, echo: true }];
  expect(await asked.ask({ name: username, instruction: `for ${username}`, prompts })).toEqual(['answer']);
  const shown = [{ text: "Code for `al\\x07ice': ", echo: true }];
  expect(heard).toEqual([
    'al\\x07ice, welcome',
    { name: 'al\\x07ice', instruction: 'for al\\x07ice', prompts: shown },
  ]);
});
