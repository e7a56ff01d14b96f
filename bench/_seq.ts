import { Edge, LocalExecutionEngine, machineStep, WorkflowDefinition, WorkflowRegistry } from "tandem-workflows";
const N=10;
const steps = Array.from({length:N},(_,i)=>machineStep(`step_${i}`, async (c)=>{c.set(`step_${i}`,1);}));
const names=steps.map(s=>s.name);
const def=new WorkflowDefinition({name:"chain",version:"1.0.0",steps:Object.fromEntries(steps.map(s=>[s.name,s])),edges:names.slice(1).map((n,i)=>new Edge(names[i]!,n)),initialStep:names[0]!,terminalSteps:names.slice(-1)});
const registry=new WorkflowRegistry(); registry.registerDefinition(def);
const engine=new LocalExecutionEngine(registry);
const run=async()=>{const i=await engine.startWorkflow("chain",{initialData:{}}); if(i.status!=="completed") throw 1;};
const R=Number(process.argv[2]??6); const out:string[]=[];
for(let r=0;r<R;r++){
 const t=performance.now(), c=process.cpuUsage(), m=(process as any).threadCpuUsage(); let n=0;
 while(n<250000){ await Promise.all(Array.from({length:50},run)); n+=50*N;}
 const d=process.cpuUsage(c), dm=(process as any).threadCpuUsage(m);
 console.log(n, `wall ${((performance.now()-t)/n*1000).toFixed(2)} cpu ${((d.user+d.system)/n).toFixed(2)} main ${((dm.user+dm.system)/n).toFixed(2)} us/step`, Math.round(process.memoryUsage().heapUsed/1e6)+"MB");
}
