import type { WorkflowStatus } from "../../src/machine/state.ts";
import type {
  ConditionSpec,
  Data,
  DefinitionSpec,
  EdgeSpec,
  GroupSpec,
  Json,
  NodeSpec,
  StepSpec,
  Writes,
} from "./definition-spec.ts";
import { branchNamed, isGroup } from "./definition-spec.ts";
import type { Action, ExecutionName, Snapshot } from "./naive-actions.ts";
import type { Execution, Failure, Member } from "./naive-execution.ts";
import { endOf, isAlive, isAtWork } from "./naive-execution.ts";
import { contributors, judge, placesIn, resultOf, writesOf } from "./naive-groups.ts";
import {
  canReach,
  decideJoin,
  incoming,
  type JoinDecision,
  type Marking,
  mutualWaits,
  startsAtOnce,
} from "./naive-joins.ts";

type End = "success" | "failure" | "cancel";

interface StoredSignal {
  readonly name: string;
  readonly data: Json;
}

/**
 * The rules of docs/semantics.md, written down once more as plainly as possible, to judge the real
 * machine by. It shares no code with it. Nothing here is fast: everything is searched for again
 * whenever it is needed, so that there is nothing that could be out of date.
 */
export class NaiveModel {
  readonly spec: DefinitionSpec;
  status: WorkflowStatus = "pending";
  failure: Failure | undefined;
  data: Data;
  /** Every visit, oldest first. */
  readonly executions: Execution[] = [];
  /** Taken edges whose token no execution has used, oldest first. */
  tokens: EdgeSpec[] = [];
  /** Joins that have fired and still take arrivals in, with the edges that counted. */
  readonly openRounds = new Map<string, Set<EdgeSpec>>();
  signals: StoredSignal[] = [];
  readonly signalIds = new Set<string>();
  /** How the instance ends when its compensation is done. */
  compensating: "failed" | "canceled" | undefined;
  now = 0;
  #ticks = 0;

  constructor(spec: DefinitionSpec) {
    this.spec = spec;
    this.data = spec.initialData;
  }

  // ------------------------------------------------------------------------------ what can be seen

  get hasEnded(): boolean {
    return ["completed", "failed", "canceled"].includes(this.status);
  }

  get alive(): Execution[] {
    return this.executions.filter(isAlive);
  }

  /** The execution of this name that is alive, or else its latest. */
  find(name: ExecutionName): Execution {
    const found = this.executions.filter((execution) => nameOf(execution) === name).at(-1);
    if (!found) throw new RangeError(`There is no execution ${name}.`);
    return found;
  }

  /** A member that is to run again in its group's further attempt waits for its turn. */
  #describe(execution: Execution): string {
    const isDueIn = (group: Execution) =>
      group.status === "waiting" &&
      judge(group).is === "open" &&
      group.members?.some((member) => member.due && member.execution === execution);
    if (!execution.group || !isDueIn(execution.group)) return describeExecution(execution);
    return `${nameOf(execution)} attempt ${execution.attempt + 1} pending`;
  }

  snapshot(): Snapshot {
    const results = this.executions
      .filter((one) => one.status === "succeeded" && one.result !== undefined)
      .map((one) => [nameOf(one), one.result as Json]);
    return {
      status: this.status,
      error: this.failure?.code,
      executions: this.executions.map((one) => this.#describe(one)).sort(),
      data: this.data,
      tasks: this.alive.filter(hasTask).map(nameOf).sort(),
      timers: this.alive
        .flatMap((one) => [...one.timers].map(([kind, at]) => `${kind} ${nameOf(one)} at ${at}`))
        .sort(),
      results: Object.fromEntries(results),
    };
  }

  // -------------------------------------------------------------------------------- what can happen

  perform(action: Action, now: number): void {
    this.now = now;
    this.#happen(action);
    this.#settle();
  }

  #happen(action: Action): void {
    switch (action.do) {
      case "start":
        this.status = "waiting";
        this.#visit(this.#nodeOf(this.spec.initial));
        return;
      case "succeed": {
        const execution = this.find(action.at);
        if (execution.undoes) return this.#endUndo(execution, "succeeded");
        if (action.targets) return this.#succeed(execution, undefined, [], action.targets);
        return this.#succeed(execution, action.result, lastOfEachKey(action.writes));
      }
      case "fail":
        return this.#fail(this.find(action.at), { code: "STEP_FAILED" }, action);
      case "skip":
        return this.#skip(this.find(action.at));
      case "ready":
        return this.#beginWork(this.find(action.at));
      case "interrupt":
        return this.#interrupt(this.find(action.at));
      case "complete task":
        return this.#succeedWithOwnData(this.find(action.at), action.data);
      case "call back":
        return this.#succeedWithOwnData(this.find(action.at), action.payload);
      case "fire":
        return this.#fire(this.find(action.at), action.timer);
      case "signal":
        return this.#receive(action);
      case "add item":
        return this.#addItem(this.#aliveAt(action.path)[0] as Execution, action.item);
      case "close map":
        return this.#closeMap(this.#aliveAt(action.path)[0] as Execution);
      case "cancel step":
        return this.#cancelAt(action.path);
      case "cancel":
        return this.#endAll("canceled");
      case "pause":
        this.status = "paused";
        return;
      case "resume":
        this.status = "waiting";
        return;
      case "retry":
        return this.#retry(action.from);
    }
  }

  #fire(execution: Execution, timer: "timer" | "retry" | "timeout" | "deadline"): void {
    execution.timers.delete(timer);
    switch (timer) {
      case "timer":
        return this.#succeed(execution, undefined, []);
      case "retry":
        return this.#nextAttempt(execution);
      case "timeout":
        return this.#fail(execution, { code: "STEP_TIMEOUT" }, { retryable: true, random: 0 });
      case "deadline":
        return this.#fail(execution, { code: "STEP_DEADLINE" }, { retryable: false, random: 0 });
    }
  }

  // ------------------------------------------------------------------------- what follows from that

  /** Does what the rules ask for, one thing after another, until nothing is left to do. */
  #settle(): void {
    const hasMoved = () =>
      this.#startOldestPending() ||
      this.#startAtOldestToken() ||
      this.#decideOneJoin() ||
      this.#endMutualWaits();
    for (let moves = 0; this.#isGoing() && hasMoved(); moves += 1) {
      if (moves === 10_000) throw new RangeError("One command never comes to rest.");
    }
    if (this.#isGoing() && this.alive.length === 0 && this.tokens.length === 0) {
      this.status = "completed";
    }
    if (this.status === "running" || this.status === "waiting") {
      const works = ({ status }: Execution) => status === "running" || status === "scheduled";
      this.status = this.executions.some(works) ? "running" : "waiting";
    }
  }

  #isGoing(): boolean {
    return !this.hasEnded && !this.compensating;
  }

  #startOldestPending(): boolean {
    const [oldest] = this.alive
      .filter(({ status }) => status === "pending")
      .filter((execution) => this.#mayStart(execution))
      .sort((a, b) => a.since - b.since);
    if (oldest) this.#startAttempt(oldest);
    return oldest !== undefined;
  }

  /** First come, first served; but who waits for something else too holds nobody up. */
  #mayStart(execution: Execution): boolean {
    const isShutOut = (one: Execution) =>
      this.executions.some((other) => isAtWork(other) && excludeEachOther(one, other));
    const goesBefore = (other: Execution) =>
      other.status === "pending" &&
      other.since < execution.since &&
      excludeEachOther(execution, other) &&
      !isShutOut(other);
    return this.status !== "paused" && !isShutOut(execution) && !this.executions.some(goesBefore);
  }

  #startIfFree(execution: Execution): void {
    if (execution.status === "pending" && this.#mayStart(execution)) this.#startAttempt(execution);
  }

  #startAtOldestToken(): boolean {
    const token = this.tokens.find(({ target }) => startsAtOnce(this.spec, target));
    if (!token) return false;
    this.#useTokens([token]);
    this.#visit(this.#nodeOf(token.target));
    return true;
  }

  /**
   * Rounds close before anything starts, and a join fails only when no other has anything to do;
   * otherwise joins are asked in the order of the definition.
   */
  #decideOneJoin(): boolean {
    const joins = this.spec.nodes.filter(({ name }) => !startsAtOnce(this.spec, name));
    const order = ["close round", "start", "fail"] as const;
    for (const what of order) {
      for (const join of joins) {
        const decision = decideJoin(this.#marking(), join.name);
        if (decision.do !== what) continue;
        this.#follow(join, decision);
        return true;
      }
    }
    return false;
  }

  #follow(join: NodeSpec, decision: JoinDecision): void {
    switch (decision.do) {
      case "wait":
        return;
      case "start":
        this.#startJoin(join, decision.uses);
        return;
      case "close round":
        this.openRounds.delete(join.name);
        return;
      case "fail":
        return this.#failInstance({ code: "JOIN_UNREACHABLE" });
    }
  }

  #startJoin(node: NodeSpec, uses: readonly EdgeSpec[]): Execution {
    this.#useTokens(uses);
    const execution = this.#visit(node);
    if (!countsArrivals(node)) return execution;
    if (!node.cancelRest) {
      this.openRounds.set(node.name, new Set(uses));
      return execution;
    }
    this.#startIfFree(execution);
    if (this.#isGoing()) this.#cancelRest(node.name, uses);
    return execution;
  }

  /**
   * Everything that could still bring the join one of its other edges is cancelled. What arrives by
   * that is part of the round, which closes.
   */
  #cancelRest(join: string, counted: readonly EdgeSpec[]): void {
    const others = incoming(this.spec, join).filter((edge) => !counted.includes(edge));
    const couldArrive = ({ name }: NodeSpec) =>
      others.some((edge) => canReach(this.spec, name, edge));
    this.#cancelNodes(this.spec.nodes.filter(couldArrive).map(({ name }) => name));
    this.#useTokens(others.filter((edge) => this.tokens.includes(edge)));
  }

  /** Joins that wait only for each other do not wait. */
  #endMutualWaits(): boolean {
    const sets = mutualWaits(this.#marking());
    for (const set of sets) {
      if (!this.#isGoing()) break;
      const rounds = set.filter((join) => this.openRounds.has(join));
      const defaults = set.filter((join) => this.#nodeOf(join).join === undefined);
      if (rounds.length + defaults.length === 0) this.#failInstance({ code: "JOIN_UNREACHABLE" });
      for (const join of rounds) this.openRounds.delete(join);
      // One after the other, each with what has arrived by then.
      for (const join of defaults) {
        const arrived = incoming(this.spec, join).filter((edge) => this.tokens.includes(edge));
        this.#startIfFree(this.#startJoin(this.#nodeOf(join), arrived));
        if (!this.#isGoing()) return true;
      }
    }
    return sets.length > 0;
  }

  #marking(): Marking {
    const atTop = this.alive.filter(({ group }) => !group);
    return {
      spec: this.spec,
      alive: new Set(atTop.map(({ node }) => node.name)),
      tokens: this.tokens,
      openRounds: this.openRounds,
    };
  }

  #useTokens(edges: readonly EdgeSpec[]): void {
    for (const edge of edges) this.tokens.splice(this.tokens.indexOf(edge), 1);
  }

  // ------------------------------------------------------------------------ the life of an execution

  /** Control reaches a node of the definition. */
  #visit(node: NodeSpec): Execution {
    const visits = this.executions.filter((one) => one.path === node.name && !one.undoes);
    return this.#create({ node, path: node.name, group: undefined, iteration: visits.length + 1 });
  }

  #create(
    what: Pick<Execution, "node" | "path" | "group" | "iteration"> & { undoes?: Execution },
  ): Execution {
    const execution: Execution = {
      undoes: undefined,
      ...what,
      attempt: 1,
      lastAttempt: what.node.retry?.maxAttempts ?? 1,
      status: "pending",
      phase: "execute",
      since: this.#tick(),
      result: undefined,
      writes: [],
      failure: undefined,
      ended: 0,
      timers: new Map(),
      members: undefined,
      callback: undefined,
      closed: false,
      left: "no",
      cutOff: false,
    };
    this.executions.push(execution);
    return execution;
  }

  #tick(): number {
    this.#ticks += 1;
    return this.#ticks;
  }

  #turn(execution: Execution, status: Execution["status"]): void {
    execution.status = status;
    execution.since = this.#tick();
  }

  #startAttempt(execution: Execution): void {
    const { node, timers } = execution;
    if (node.deadlineMs !== undefined && !timers.has("deadline")) {
      timers.set("deadline", this.now + node.deadlineMs);
    }
    // The attempt of a step with code of its own is timed by whoever runs the code.
    const isTimedHere = node.kind !== "machine" && node.kind !== "gateway";
    if (node.timeoutMs !== undefined && isTimedHere) {
      timers.set("timeout", this.now + node.timeoutMs);
    }
    const callsOut = node.kind === "webhook" && node.execute;
    if (isTimedHere && (node.canExecute || callsOut)) {
      execution.phase = "prepare";
      this.#turn(execution, "running");
    } else this.#beginWork(execution);
  }

  /** The process that ran its code is gone: the code runs again, as another attempt. */
  #interrupt(execution: Execution): void {
    execution.timers.delete("timeout");
    this.#nextAttempt(execution);
    if (this.status !== "paused") this.#startAttempt(execution);
  }

  #beginWork(execution: Execution): void {
    const { node } = execution;
    execution.phase = "execute";
    if (isGroup(node)) return this.#beginGroup(execution, node);
    switch (node.kind) {
      case "machine":
        return this.#turn(execution, "running");
      case "gateway":
        if (node.choice === "named") return this.#turn(execution, "running");
        return this.#succeed(execution, undefined, []);
      case "timer":
        execution.timers.set("timer", this.now + node.durationMs);
        return this.#turn(execution, "waiting");
      case "human":
      case "webhook":
        return this.#turn(execution, "waiting");
      case "signal": {
        this.#turn(execution, "waiting");
        const stored = this.signals.find(({ name }) => name === node.signal);
        if (node.transient || !stored) return;
        this.signals.splice(this.signals.indexOf(stored), 1);
        return this.#succeedWithOwnData(execution, stored.data);
      }
    }
  }

  #receive({ name, data, id }: { name: string; data: Json; id?: string | undefined }): void {
    if (id !== undefined && this.signalIds.has(id)) return;
    if (id !== undefined) this.signalIds.add(id);
    const [oldest] = this.executions.filter(({ status, node }) => {
      return status === "waiting" && node.kind === "signal" && node.signal === name;
    });
    if (oldest) this.#succeedWithOwnData(oldest, data);
    else this.signals.push({ name, data });
  }

  /** What a person, a webhook or a signal gave stands under the step's name, but not in a map. */
  #succeedWithOwnData(execution: Execution, data: Json): void {
    const writes: Writes = isInMap(execution) ? [] : [[execution.node.name, data]];
    this.#succeed(execution, data, writes);
  }

  #succeed(
    execution: Execution,
    result: Json | undefined,
    writes: Writes,
    targets?: readonly string[],
  ): void {
    this.#end(execution, "succeeded");
    execution.result = result;
    execution.writes = writes;
    if (!execution.group) this.#commit(writes);
    this.#cancelNodes(execution.node.cancels ?? []);
    this.#leave(execution, "success", targets);
  }

  #skip(execution: Execution): void {
    this.#end(execution, "skipped");
    this.#leave(execution, "success");
  }

  #fail(
    execution: Execution,
    failure: Failure,
    attempt: { readonly retryable: boolean; readonly random: number },
  ): void {
    this.#cutMembers(execution);
    if (attempt.retryable && execution.attempt < execution.lastAttempt) {
      return this.#scheduleRetry(execution, attempt.random);
    }
    this.#end(execution, "failed");
    execution.failure = failure;
    this.#cancelNodes(execution.node.cancels ?? []);
    this.#leave(execution, "failure");
  }

  #scheduleRetry(execution: Execution, random: number): void {
    const { timers, node, attempt, lastAttempt } = execution;
    const policy = node.retry ?? { maxAttempts: 1 };
    const failures = attempt - (lastAttempt - policy.maxAttempts);
    const growth = (policy.backoffCoefficient ?? 2) ** (failures - 1);
    const uncapped = (policy.initialIntervalMs ?? 0) * growth;
    const delay = Math.min(uncapped, policy.maxIntervalMs ?? 3_600_000);
    const delayMs = delay * (1 - (policy.jitter ?? 0) * random);

    timers.delete("timer");
    timers.delete("timeout");
    if (delayMs === 0) return this.#nextAttempt(execution);
    timers.set("retry", this.now + delayMs);
    this.#turn(execution, "scheduled");
  }

  #nextAttempt(execution: Execution): void {
    execution.attempt += 1;
    this.#turn(execution, "pending");
  }

  /** The next attempt after an end, with the retry policy anew. */
  #again(execution: Execution): void {
    execution.lastAttempt = execution.attempt + (execution.node.retry?.maxAttempts ?? 1);
    execution.failure = undefined;
    execution.cutOff = false;
    execution.left = "no";
    this.#nextAttempt(execution);
  }

  #end(execution: Execution, status: "succeeded" | "failed" | "canceled" | "skipped"): void {
    execution.timers.clear();
    this.#turn(execution, status);
    execution.ended = this.#tick();
  }

  #leave(execution: Execution, end: End, targets?: readonly string[]): void {
    if (execution.group) this.#advance(execution.group);
    else this.#takeEdges(execution, end, targets);
  }

  // ------------------------------------------------------------------------------------------ edges

  #takeEdges(execution: Execution, end: End, targets?: readonly string[]): void {
    const { node } = execution;
    execution.left = "undecided";
    if (!this.#isGoing()) return;
    const terminal = this.spec.terminals.find(({ step }) => step === node.name);
    if (terminal?.terminate && end === "success") return this.#endAll("completed");

    const meant = this.spec.edges.filter(
      ({ source, on = "success" }) =>
        source === node.name && (on === end || (on === "always" && end !== "cancel")),
    );
    const taken = this.#choose(node, end, meant, targets);
    if (taken === "failed") return this.#failInstance({ code: "CONDITION_FAILED" });
    if (taken.length === 0) {
      const isUnhandled = end === "failure" && (meant.length === 0 || terminal);
      if (isUnhandled) return this.#failInstance(execution.failure as Failure);
      if (meant.length > 0 && !terminal) return this.#failInstance({ code: "DEAD_END" });
    }
    execution.left = "decided";
    for (const edge of taken) this.#arrive(edge);
  }

  /** In an open round, the first arrival on an edge counts and is gone. */
  #arrive(edge: EdgeSpec): void {
    const counted = this.openRounds.get(edge.target);
    if (counted && !counted.has(edge)) counted.add(edge);
    else this.tokens.push(edge);
  }

  #choose(
    node: NodeSpec,
    end: End,
    edges: readonly EdgeSpec[],
    targets: readonly string[] | undefined,
  ): readonly EdgeSpec[] | "failed" {
    const choice = node.kind === "gateway" && end === "success" ? node.choice : "holding";
    if (targets) return edges.filter(({ target }) => targets.includes(target));
    if (choice === "all") return edges;

    const taken: EdgeSpec[] = [];
    for (const edge of edges.filter(({ otherwise }) => !otherwise)) {
      const holds = edge.when === undefined || this.#holds(edge.when);
      if (holds === "failed") return "failed";
      if (holds) taken.push(edge);
      if (holds && choice === "first") return taken;
    }
    const noConditionHeld = !taken.some(({ when }) => when !== undefined);
    if (!noConditionHeld) return taken;
    return edges.filter((edge) => edge.otherwise || taken.includes(edge));
  }

  #holds(condition: ConditionSpec): boolean | "failed" {
    if (condition === "throws") return "failed";
    if ("key" in condition) return this.data[condition.key] === condition.equals;
    return this.#visibleResult(condition.resultOf) === condition.equals;
  }

  /** Of the latest success of a node of the definition, or of a member that contributed to it. */
  #visibleResult(path: string): Json | undefined {
    const isVisible = (execution: Execution): boolean => {
      const { status, group } = execution;
      if (status !== "succeeded") return false;
      return group ? isVisible(group) && contributes(execution, group) : isLatest(execution);
    };
    const isLatest = (execution: Execution): boolean =>
      !this.executions.some(
        (other) =>
          other.path === execution.path &&
          other.status === "succeeded" &&
          !other.undoes &&
          other.ended > execution.ended,
      );
    return this.executions.find((one) => one.path === path && !one.undoes && isVisible(one))
      ?.result;
  }

  // ----------------------------------------------------------------------------------------- groups

  #beginGroup(group: Execution, node: GroupSpec): void {
    this.#turn(group, "waiting");
    if (!group.members) {
      const members = this.#membersOf(group, node);
      if (!Array.isArray(members))
        return this.#fail(group, members, { retryable: true, random: 0 });
      group.members = members;
      const callback = "callback" in node ? node.callback : undefined;
      group.callback = callback && memberOf(group, callback);
    }
    for (const member of [...group.members, ...(group.callback ? [group.callback] : [])]) {
      if (endOf(member) !== "failed" && endOf(member) !== "canceled") continue;
      member.due = true;
      member.dueSince = this.#tick();
    }
    this.#advance(group);
  }

  #membersOf(group: Execution, node: GroupSpec): Member[] | Failure {
    if (node.kind === "conditional") {
      const named = branchNamed(node.members, this.#visibleData(group)[node.key]);
      if (named === undefined) return [];
      const branch = node.members.find(({ name }) => name === named);
      return branch ? [memberOf(group, branch)] : { code: "UNKNOWN_BRANCH" };
    }
    if (node.kind === "map") {
      const items = this.#visibleData(group)[node.key];
      if (!Array.isArray(items)) return { code: "NOT_A_LIST" };
      return items.map((_item, index) => memberOf(group, node.members[0], index));
    }
    return node.members.map((member) => memberOf(group, member));
  }

  /** Judges a group anew, after its start and after the end of each member. */
  #advance(group: Execution): void {
    if (group.status !== "waiting") return;
    const verdict = judge(group);
    if (verdict.is === "open") return this.#startDueMembers(group);

    this.#cutMembers(group, group.callback);
    if (verdict.is === "skipped") return this.#skip(group);
    if (verdict.is === "failed") {
      return this.#fail(group, verdict.failure, { retryable: true, random: 0 });
    }
    if (group.callback) {
      const end = endOf(group.callback);
      if (group.callback.due) return this.#startMember(group, group.callback);
      if (end === undefined) return;
      if (end === "failed") {
        const failure = { code: "GROUP_FAILED" };
        return this.#fail(group, failure, { retryable: true, random: 0 });
      }
    }
    const callback = group.callback ? [group.callback] : [];
    this.#succeed(group, resultOf(group), writesOf([...contributors(group), ...callback]));
  }

  /** In order, each at once: one that ends at once may decide the group before the next starts. */
  #startDueMembers(group: Execution): void {
    const members = group.members ?? [];
    const isBusy = ({ execution }: Member) => execution !== undefined && isAlive(execution);
    for (const member of members) {
      if (group.status !== "waiting" || judge(group).is !== "open") return;
      if (!member.due || members.filter(isBusy).length >= placesIn(group)) continue;
      this.#startMember(group, member);
    }
  }

  #startMember(group: Execution, member: Member): void {
    member.due = false;
    if (member.execution) {
      this.#again(member.execution);
      member.execution.since = member.dueSince;
    } else {
      const { node, path } = member;
      member.execution = this.#create({ node, path, group, iteration: group.iteration });
    }
    this.#startIfFree(member.execution);
  }

  #addItem(map: Execution, _item: Json): void {
    const members = map.members ?? [];
    members.push(memberOf(map, (map.node as GroupSpec).members[0] as NodeSpec, members.length));
    this.#advance(map);
  }

  #closeMap(map: Execution): void {
    map.closed = true;
    this.#cutMembers(map);
    for (const member of map.members ?? []) member.due = false;
    this.#advance(map);
  }

  // -------------------------------------------------------------------------------------- cancelling

  /** Ends an execution without any of its consequences, and everything inside it. */
  #cut(execution: Execution): void {
    this.#cutMembers(execution);
    this.#end(execution, "canceled");
  }

  #cutMembers(group: Execution, except?: Member): void {
    for (const execution of this.alive) {
      if (execution.group === group && execution !== except?.execution) this.#cut(execution);
    }
  }

  /** By hand: what runs or waits under this path. */
  #cancelAt(path: string): void {
    if (this.spec.nodes.some(({ name }) => name === path)) return this.#cancelNodes([path]);
    for (const execution of this.#aliveAt(path)) {
      this.#cut(execution);
      this.#leave(execution, "cancel");
    }
  }

  /** Nodes of the definition lose their work and waiting tokens, and take their cancel edges. */
  #cancelNodes(names: readonly string[]): void {
    const doomed = names.flatMap((name) => {
      const executions = this.#aliveAt(name);
      const tokens = this.tokens.filter(({ target }) => target === name);
      if (tokens.length === 0) return executions;
      this.#useTokens(tokens);
      return [...executions, this.#visit(this.#nodeOf(name))];
    });
    for (const execution of doomed) this.#cut(execution);
    for (const execution of doomed) this.#takeEdges(execution, "cancel");
  }

  #aliveAt(path: string): Execution[] {
    return this.alive.filter((execution) => execution.path === path && !execution.undoes);
  }

  // ------------------------------------------------------------------------------- the whole instance

  /** Whatever is visible at once: with reducers, keys combine instead of being replaced. */
  #commit(writes: Writes): void {
    this.data = this.#withWrites(this.data, writes);
  }

  #withWrites(data: Data, writes: Writes): Data {
    const after = new Map(Object.entries(data));
    for (const [key, value] of writes) {
      after.set(key, reduce(this.spec.reducers[key], after.get(key), value));
    }
    return Object.fromEntries(after);
  }

  /** What a group sees when it starts: around it, and before it in groups that go one by one. */
  #visibleData(execution: Execution): Data {
    const { group } = execution;
    if (!group) return this.data;
    const around = this.#visibleData(group);
    const members = group.members ?? [];
    if (group.callback?.execution === execution) {
      return this.#withWrites(around, writesOf(contributors(group)));
    }
    if (group.node.kind === "interleaved")
      return this.#withWrites(around, writesOf(contributors(group)));
    if (group.node.kind !== "sequential") return around;
    const place = members.findIndex((member) => member.execution === execution);
    return this.#withWrites(around, writesOf(members.slice(0, place)));
  }

  #failInstance(failure: Failure): void {
    if (!this.#isGoing()) return;
    this.failure = failure;
    const cut = this.alive;
    this.#endAll("failed");
    for (const execution of cut) execution.cutOff = true;
  }

  #endAll(status: "completed" | "failed" | "canceled"): void {
    for (const execution of this.alive) this.#cut(execution);
    if (status !== "failed") this.tokens = [];
    this.status = status;
    if (status === "completed" || !this.spec.compensate) return;
    this.compensating = status;
    this.status = "running";
    this.#undoNext();
  }

  /** Compensates the latest success that is not undone yet. */
  #undoNext(): void {
    const done = this.executions.map(({ undoes }) => undoes);
    const [latest] = this.executions
      .filter((one) => one.status === "succeeded" && !one.undoes && !done.includes(one))
      .filter(({ node }) => (node as StepSpec).compensate)
      .sort((a, b) => b.ended - a.ended);
    if (!latest) {
      this.status = this.compensating as "failed" | "canceled";
      this.compensating = undefined;
      return;
    }
    const { node, path, group, iteration } = latest;
    this.#turn(this.#create({ node, path, group, iteration, undoes: latest }), "running");
  }

  #endUndo(execution: Execution, status: "succeeded"): void {
    this.#end(execution, status);
    this.#undoNext();
  }

  /** Continues at what failed and at what was cut off by that; or only at a named step, afresh. */
  #retry(from: string | undefined): void {
    this.status = "waiting";
    this.failure = undefined;
    const atTop = this.executions.filter(({ group }) => !group);
    const unfinished = atTop.filter((one) => one.cutOff || one.left === "undecided");

    if (from !== undefined) {
      for (const execution of unfinished) {
        execution.cutOff = false;
        execution.left = "decided";
      }
      // Tokens that the failure kept from starting anything are left behind with the rest.
      this.#useTokens(this.tokens.filter(({ target }) => startsAtOnce(this.spec, target)));
      this.#visit(this.#nodeOf(from));
      return;
    }
    const hasToRun = (one: Execution) => one.cutOff || one.status === "failed";
    for (const execution of unfinished.filter((one) => !hasToRun(one))) {
      this.#takeEdges(execution, execution.status === "canceled" ? "cancel" : "success");
    }
    // If the edges still cannot be decided, the instance has failed again, and nothing starts.
    if (this.#isGoing()) for (const one of unfinished.filter(hasToRun)) this.#again(one);
  }

  #nodeOf(name: string): NodeSpec {
    const node = this.spec.nodes.find((candidate) => candidate.name === name);
    if (!node) throw new RangeError(`There is no node ${name}.`);
    return node;
  }
}

// ------------------------------------------------------------------------------------------- helpers

export const nameOf = ({ undoes, path, iteration }: Execution): ExecutionName =>
  `${undoes ? "undo " : ""}${path}#${iteration}`;

const describeExecution = (execution: Execution): string => {
  const { attempt, status, failure } = execution;
  const code = failure ? ` ${failure.code}` : "";
  return `${nameOf(execution)} attempt ${attempt} ${status}${code}`;
};

/** They share a mutex, or take turns in an interleaved group. */
function excludeEachOther(one: Execution, other: Execution): boolean {
  if (one === other) return false;
  if (one.node.mutex !== undefined && one.node.mutex === other.node.mutex) return true;
  return one.group?.node.kind === "interleaved" && one.group === other.group;
}

const hasTask = ({ node, status }: Execution): boolean =>
  node.kind === "human" && status === "waiting";

const countsArrivals = ({ join }: NodeSpec): boolean => join === "any" || typeof join === "number";

const memberOf = (group: Execution, node: NodeSpec, index?: number): Member => ({
  node,
  path: `${group.path}/${node.name}${index === undefined ? "" : `[${index}]`}`,
  execution: undefined,
  due: true,
  dueSince: 0,
});

const isInMap = ({ group, node }: Execution): boolean =>
  group !== undefined &&
  (isInMap(group) || (group.node.kind === "map" && group.callback?.node !== node));

const contributes = (execution: Execution, group: Execution): boolean =>
  group.callback?.execution === execution ||
  contributors(group).some((member) => member.execution === execution);

const lastOfEachKey = (writes: Writes): Writes => [...new Map(writes)];

function reduce(
  reducer: "append" | "merge" | "sum" | undefined,
  old: Json | undefined,
  value: Json,
): Json {
  if (reducer === "append") {
    return [...((old as Json[]) ?? []), ...(Array.isArray(value) ? value : [value])];
  }
  if (old === undefined || reducer === undefined) return value;
  if (reducer === "sum") return (old as number) + (value as number);
  return { ...(old as object), ...(value as object) } as Json;
}
