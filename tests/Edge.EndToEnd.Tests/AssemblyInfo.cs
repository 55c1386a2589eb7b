using Xunit.Sdk;
using Xunit.v3;

// Every test starts processes of its own and waits for them most of the time; nothing is concluded from how long anything took. Two classes at a time keep two cores busy.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 2)]
