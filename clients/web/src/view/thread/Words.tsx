const ADDRESS = /(https?:\/\/[^\s<>"]+)/;

/** A text with its links. Everything else in it stays text. */
export function Words({ text, isActive = true }: { text: string; isActive?: boolean }) {
  return text.split(ADDRESS).map((part, place) => {
    if (place % 2 === 0) return part;
    const [address, rest] = withoutEnd(part);
    if (!URL.canParse(address)) return part;
    return [
      <a key={place} href={address} target="_blank" rel="noreferrer" tabIndex={isActive ? undefined : -1}>
        {address}
      </a>,
      rest,
    ];
  });
}

/** An address, and what belongs to the sentence that it stands in: marks at its end, and brackets that were not opened in it. */
function withoutEnd(text: string): [address: string, rest: string] {
  const count = (bracket: string): number => text.split(bracket).length - 1;
  const unopened = { ')': count(')') - count('('), ']': count(']') - count('['), '}': count('}') - count('{') };
  let end = text.length;
  for (; end > 0; end -= 1) {
    const last = text[end - 1] ?? '';
    if (last === ')' || last === ']' || last === '}') {
      if (unopened[last] <= 0) break;
      unopened[last] -= 1;
    } else if (!/[.,;:!?'’”…]/.test(last)) break;
  }
  return [text.slice(0, end), text.slice(end)];
}
