export { childPath, moreProblems, mostProblems, nearest, schemaProblems } from './schema-problems';
export { ProblemError, problemError, type Problem, type ProblemCode } from './problem';
