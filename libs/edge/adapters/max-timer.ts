/** The longest time that a timer of Node can wait; a longer one would fire at once. */
export const maxTimerMs = 2 ** 31 - 1;
