using Edge.Config;

namespace Edge.Trainer.Methods;

/// <summary>The methods by the name that configuration and benchmark use. A new method is a file beside this one and a row here.</summary>
public static class MethodCatalogue
{
    private static readonly SortedDictionary<string, Func<TrainingSection, TrainingMethod>> s_methods = new(StringComparer.Ordinal)
    {
        ["co2l"] = plan => new Co2LReplay(plan.Constants),
        ["derpp"] = plan => new DarkExperienceReplay(plan.Constants.DerLogitWeight, plan.Constants.DerLabelWeight),
        ["edge"] = plan => new EdgeMethod(plan),
        ["er"] = _ => new ExperienceReplay(),
        ["erAce"] = _ => new ErAce(),
        ["ewc"] = plan => new OnlineEwc(plan.Constants.EwcStrength, plan.Constants.EwcDecay),
        ["frozenRidge"] = _ => new FrozenFeatures(),
        ["joint"] = _ => new JointTraining(),
        ["lwf"] = plan => new LearningWithoutForgetting(plan.Constants.LwfTemperature, plan.Constants.LwfDistillationWeight),
        ["naive"] = _ => new NaiveFineTuning(),
        ["pcr"] = plan => new ProxyContrastiveReplay(plan.Constants.PcrTemperature),
        ["scr"] = plan => new ContrastiveReplay(plan),
        ["supconReplay"] = plan => new SupConReplay(plan),
    };

    /// <summary>All names, in order.</summary>
    public static IReadOnlyCollection<string> Names => s_methods.Keys;

    /// <summary>Whether a method changes weights (<see cref="TrainingMethod.Trains"/>), told by its name: the service asks without loading what methods are made of.</summary>
    public static bool Trains(string name) => name != "frozenRidge";

    /// <summary>Creates the method that <see cref="TrainingSection.Method"/> names.</summary>
    /// <exception cref="ArgumentException">There is none of that name; the message lists them.</exception>
    public static TrainingMethod Create(TrainingSection plan) => s_methods.TryGetValue(plan.Method, out var create)
        ? create(plan)
        : throw new ArgumentException($"training.method '{plan.Method}' is unknown. There are {string.Join(", ", Names)}.", nameof(plan));
}
