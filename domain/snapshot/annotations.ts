// By what snapshots are told apart, for those who make them and those who fill them.

/** On a snapshot that a schedule asked for: when. Only such ones are deleted when there are too many. */
export const scheduledAtAnnotation = 'workloadprotection.dev/scheduled-at';
/** On a snapshot that is restored from a file: whoever restores it fills it, and we do not. */
export const importedAnnotation = 'workloadprotection.dev/imported';
