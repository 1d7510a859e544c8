/** Something that the user can mend or look up; its message is all that is printed. */
export class LaunchError extends Error {}
