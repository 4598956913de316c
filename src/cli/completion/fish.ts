/** Completion for fish; installed in fish's folder of completions as `latchkey.fish`. */
export const FISH = `# fish completion for latchkey
function __latchkey_complete
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l now (commandline -ct)
    set -l found (command $program complete -- $words "$now" 2>/dev/null </dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$now"; or echo)
    switch "$found[1]"
        case words
            set -e found[1]
            printf '%s\\n' $found
        case files
            printf '%s\\n' $option(complete -C "'' "(string replace -- "$option" '' "$now"))
        case directories
            printf '%s\\n' $option(__fish_complete_directories (string replace -- "$option" '' "$now"))
        case program
            set -l own $words[(math $found[2] + 1)..-1]
            complete -C (string join ' ' -- (string escape -- $own) "$now")
    end
end
complete -c latchkey -f -a '(__latchkey_complete)'
`;
