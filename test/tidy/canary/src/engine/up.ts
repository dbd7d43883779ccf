export interface Down {
  value: number;
}
