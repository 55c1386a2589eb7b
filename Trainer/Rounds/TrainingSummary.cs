using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Trainer.Rounds;

/// <summary>How the weights of a graph came about, metadata <c>training</c> of its file. Only what the same round gives again: no time, no memory.</summary>
public sealed record TrainingSummary
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The backbone, by the name that a checkpoint carries.</summary>
    public required string Backbone { get; init; }

    /// <summary><c>training.method</c>; null: these weights were drawn, not trained.</summary>
    public string? Method { get; init; }

    /// <summary>Optimiser steps of this round.</summary>
    public int StepCount { get; init; }

    /// <summary>Mean loss over the first epoch, six digits behind the point; null where no step was taken.</summary>
    public double? FirstEpochLoss { get; init; }

    /// <summary>Mean loss over the last epoch, likewise.</summary>
    public double? LastEpochLoss { get; init; }

    /// <summary>New windows trained on.</summary>
    public int FreshCount { get; init; }

    /// <summary>Windows that could be replayed.</summary>
    public int ReplayCount { get; init; }

    /// <summary>The pass whose weights were kept, from 1; null: the last.</summary>
    public int? KeptEpoch { get; init; }

    /// <summary>Share of the anchors that the nearest class mean told apart with the kept weights, percent, one digit behind the point; null where they were not looked at.</summary>
    public double? AnchorPercent { get; init; }

    /// <summary>One line of JSON, names in camel case; what is null is left out.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);
}
