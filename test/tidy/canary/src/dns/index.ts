export const lookUp = 1;
