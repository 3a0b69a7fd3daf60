import type { KeyboardEvent } from 'react';

/** Whether it is the Enter that ends a line or a form. One that only confirms what an input method offers is not; Safari knows it by its code alone. */
export function isEnter({ key, shiftKey, keyCode, nativeEvent }: KeyboardEvent): boolean {
  return key === 'Enter' && !shiftKey && !nativeEvent.isComposing && keyCode !== CONFIRMING;
}

const CONFIRMING = 229;
