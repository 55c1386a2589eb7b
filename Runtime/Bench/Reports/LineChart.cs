using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Edge.Runtime.Bench.Reports;

/// <summary>Lines over one axis, each with its 95 % interval as a shaded band.</summary>
public sealed class LineChart
{
    private const byte BandOpacity = 40;
    private const int LongestTitle = 48, LongestBeside = 18, MostMarkers = 24;
    private const double TitleDistance = 6, LegendSpacing = 2, LegendLine = 18;

    /// <summary>Colours that the colour-blind tell apart (Okabe and Ito 2008), and black.</summary>
    private static readonly OxyColor[] s_colors =
    [
        OxyColor.FromRgb(0, 114, 178), OxyColor.FromRgb(213, 94, 0), OxyColor.FromRgb(0, 158, 115), OxyColor.FromRgb(204, 121, 167), OxyColor.FromRgb(230, 159, 0), OxyColor.FromRgb(86, 180, 233), OxyColors.Black,
    ];

    private static readonly LineStyle[] s_styles = [LineStyle.Solid, LineStyle.Dash, LineStyle.Dot];
    private readonly LinearAxis across, up;

    /// <summary>An empty chart.</summary>
    public LineChart(string title, string x, string y)
    {
        across = new LinearAxis { Position = AxisPosition.Bottom, Title = x, AxisTitleDistance = TitleDistance, MinimumPadding = 0.02, MaximumPadding = 0.02 };
        up = new LinearAxis { Position = AxisPosition.Left, Title = y, AxisTitleDistance = TitleDistance, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColors.LightGray };
        Model = new PlotModel { Title = title.Length > LongestTitle ? title[..(LongestTitle - 1)] + "…" : title, TitleFontSize = 13, TitleFontWeight = FontWeights.Bold, DefaultFont = "Helvetica", Background = OxyColors.White, PlotAreaBorderColor = OxyColors.Gray };
        Model.Axes.Add(across);
        Model.Axes.Add(up);
        Model.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop, LegendPlacement = LegendPlacement.Outside, LegendFontSize = 11, LegendLineSpacing = LegendSpacing });
    }

    /// <summary>The chart as the charting library knows it.</summary>
    public PlotModel Model { get; }

    /// <summary>Whether x counts something: ticks at whole numbers only.</summary>
    public bool HasWholeX
    {
        init
        {
            if (value) (across.MinimumMajorStep, across.MinorTickSize) = (1, 0);
        }
    }

    /// <summary>Where a line's name is too long to stand beside the chart (a method with settings), sets the names below it.</summary>
    /// <returns>The height that they take there; 0 beside it.</returns>
    public double PlaceNames()
    {
        if (Model.Series.All(series => (series.Title?.Length ?? 0) <= LongestBeside)) return 0;
        Model.Legends[0].LegendPosition = LegendPosition.BottomLeft;
        return LegendLine * Model.Series.Count(series => series.Title is not null);
    }

    /// <summary>Adds a line with its band.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="color">0-based place among the colours; after the seventh they come again, with another stroke.</param>
    /// <param name="points">The line, by x.</param>
    public void Add(string name, int color, IReadOnlyList<(double X, Estimate Y)> points)
    {
        var tint = s_colors[color % s_colors.Length];
        if (points.Any(p => p.Y.HalfWidth is > 0))
        {
            var band = new AreaSeries { Fill = OxyColor.FromAColor(BandOpacity, tint), Color = OxyColors.Transparent, Color2 = OxyColors.Transparent, StrokeThickness = 0 };
            foreach (var (x, y) in points)
            {
                band.Points.Add(new DataPoint(x, y.Mean - (y.HalfWidth ?? 0)));
                band.Points2.Add(new DataPoint(x, y.Mean + (y.HalfWidth ?? 0)));
            }

            Model.Series.Add(band);
        }

        var line = new LineSeries { Title = name, Color = tint, StrokeThickness = 2, LineStyle = s_styles[color / s_colors.Length % s_styles.Length] };
        if (points.Count <= MostMarkers) (line.MarkerType, line.MarkerSize, line.MarkerFill) = (MarkerType.Circle, 3, tint);
        line.Points.AddRange(points.Select(p => new DataPoint(p.X, p.Y.Mean)));
        Model.Series.Add(line);
    }

    /// <summary>Shows percent from the ten below <paramref name="low"/>, not below 0.</summary>
    public void FitY(double low, double high) => LimitY(Math.Max(0, Math.Floor(low / 10) * 10), high);

    /// <summary>Shows from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public void LimitY(double low, double high) => (up.Minimum, up.Maximum) = (low, high > low ? high : low + 1);
}
