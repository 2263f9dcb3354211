import { shortTrialsOn } from "./trials.ts";

shortTrialsOn("sqlite");
