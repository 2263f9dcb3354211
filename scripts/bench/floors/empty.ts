// The least that a compiled program can do: print a line.
console.log("runner");
