import type { Command, Option } from "commander";
import { UsageError } from "../../errors.ts";

/** Prints a script for a shell. It knows the commands of this version. */
export function completion(shell: string, program: Command): void {
  const write = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (write === undefined) {
    throw new UsageError(`There is no completion for ${shell}; it is bash, zsh or fish.`);
  }
  process.stdout.write(write(program));
}

type Script = (program: Command) => string;

const scripts: Readonly<Record<string, Script>> = {
  bash: (program) => `# tandem completion for bash: eval "$(tandem completion bash)"
_tandem() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${names(program).join(" ")}"
  else
    case "\${COMP_WORDS[1]}" in
${program.commands.map(bashCase).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _tandem tandem
`,
  zsh: (program) => `#compdef tandem
# tandem completion for zsh: eval "$(tandem completion zsh)"
_tandem() {
  local -a choices
  if (( CURRENT == 2 )); then
    choices=(
${program.commands.map((each) => `      ${zshWord(each.name(), each.description())}`).join("\n")}
    )
    _describe command choices
    return
  fi
  case "\${words[2]}" in
${program.commands
  .map(
    (each) =>
      `    ${each.name()}) choices=(\n${options(each)
        .map((option) => `      ${zshWord(option.long ?? "", option.description)}`)
        .join("\n")}\n    ) ;;`,
  )
  .join("\n")}
  esac
  _describe option choices || _files
}
compdef _tandem tandem
`,
  fish: (program) => `# tandem completion for fish: tandem completion fish | source
complete -c tandem -n __fish_use_subcommand -f
${program.commands
  .flatMap((each) => [
    `complete -c tandem -n __fish_use_subcommand -a ${each.name()} -d ${quote(each.description())}`,
    ...options(each).map((option) => fishOption(each, option)),
  ])
  .join("\n")}
`,
};

const names = (program: Command) => program.commands.map((command) => command.name());

const options = (command: Command): readonly Option[] =>
  command.options.filter(({ long }) => long !== undefined);

const longs = (command: Command) => options(command).map(({ long }) => long ?? "");

const bashCase = (command: Command) =>
  `      ${command.name()}) words="${longs(command).join(" ")}" ;;`;

const fishOption = (command: Command, { long, required, description }: Option) =>
  `complete -c tandem -n "__fish_seen_subcommand_from ${command.name()}" ` +
  `-l ${(long ?? "").slice(2)}${required ? " -r" : ""} -d ${quote(description)}`;

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const zshWord = (word: string, description: string) =>
  quote(`${word.replaceAll(":", "\\:")}:${description}`);
