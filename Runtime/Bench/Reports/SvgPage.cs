using System.Xml.Linq;
using OxyPlot;

namespace Edge.Runtime.Bench.Reports;

/// <summary>Charts as one SVG document. The same charts give the same bytes.</summary>
public static class SvgPage
{
    private const int Columns = 3;
    private const double PanelWidth = 400, PanelHeight = 260;
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    /// <summary>One chart.</summary>
    public static string Of(PlotModel chart, double width, double height) => Page(width, height, [Drawn(chart, width, height, 0, 0, "")]);

    /// <summary>Small panels, three in a row.</summary>
    public static string Of(IReadOnlyList<PlotModel> panels)
    {
        int columns = Math.Min(Columns, panels.Count), rows = (panels.Count + columns - 1) / columns;
        return Page(columns * PanelWidth, rows * PanelHeight, panels.Select((panel, i) => Drawn(panel, PanelWidth, PanelHeight, i % columns * PanelWidth, i / columns * PanelHeight, $"panel{i}-")));
    }

    private static string Page(double width, double height, IEnumerable<XElement> charts) =>
        new XElement(s_svg + "svg", new XAttribute("width", width), new XAttribute("height", height), new XAttribute("viewBox", $"0 0 {width} {height}"), charts).ToString().ReplaceLineEndings("\n") + "\n";

    /// <summary>The chart as a part of a page, its ids made unlike those of the other panels.</summary>
    private static XElement Drawn(PlotModel chart, double width, double height, double x, double y, string prefix)
    {
        var drawing = XElement.Parse(new SvgExporter { Width = width, Height = height, UseVerticalTextAlignmentWorkaround = true, TextMeasurer = new PixelMeasurer() }.ExportToString(chart));
        foreach (var element in drawing.Descendants())
        {
            if (element.Attribute("id") is { } id) id.Value = prefix + id.Value;
            if (element.Attribute("clip-path") is { } clip) clip.Value = clip.Value.Replace("#", "#" + prefix, StringComparison.Ordinal);
        }

        return new XElement(s_svg + "g", new XAttribute("transform", $"translate({x},{y})"), drawing.Nodes());
    }

    /// <summary>The library measures text in points and draws it in pixels, 4/3 as large: names would be cut off where their boxes end.</summary>
    private sealed class PixelMeasurer() : PdfRenderContext(1, 1, OxyColors.White)
    {
        private const double PixelsPerPoint = 96.0 / 72;

        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            var points = base.MeasureText(text, fontFamily, fontSize, fontWeight);
            return new OxySize(points.Width * PixelsPerPoint, points.Height * PixelsPerPoint);
        }
    }
}
