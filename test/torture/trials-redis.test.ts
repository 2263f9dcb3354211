import { shortTrialsOn } from "./trials.ts";

shortTrialsOn("redis");
