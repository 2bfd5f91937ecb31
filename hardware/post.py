"""Fictional Dutch post for a municipality: letters, a form, a leaflet. Every name, address and number is made up.

Postcodes start with 0, which no Dutch postcode does, and mail addresses end in .example.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image, ImageDraw

from hardware.papier import (
    GRIJS,
    ZWART,
    Papier,
    Tint,
    Vel,
    Zijde,
    draw_krabbel,
    draw_stempel,
    draw_vinkje,
    px,
    wrap_tekst,
    write_handschrift,
)

_LINKS, _BREED, _ONDER = 25.0, 160.0, 268.0  # text area of a letter, in mm
_GEMEENTE = (
    "Gemeente Voorbeeld",
    "t.a.v. het college van burgemeester en wethouders",
    "Postbus 100",
    "0100 AA  VOORBEELD",
)


@dataclass(frozen=True)
class Demozaak:
    """A zaak that the post is about."""

    identificatie: str
    omschrijving: str
    zaaktype: str


ZAKEN = (
    Demozaak("ZAAK-2026-000123", "Bezwaar tegen weigering parkeervergunning", "Bezwaarschrift behandelen"),
    Demozaak("ZAAK-2026-000124", "Omgevingsvergunning dakkapel Lindelaan 8", "Omgevingsvergunning behandelen"),
    Demozaak("ZAAK-2026-000125", "Evenementenvergunning buurtfeest De Wielewaal", "Evenementenvergunning behandelen"),
    Demozaak("ZAAK-2026-000126", "Zienswijze bestemmingsplan Stationskwartier", "Zienswijze behandelen"),
    Demozaak("ZAAK-2026-000127", "Melding openbare verlichting Molenweg", "Melding openbare ruimte behandelen"),
)


@dataclass(frozen=True)
class Brief:
    """What stands in one letter."""

    afzender: tuple[str, ...]  # first line is the name
    datum: str
    onderwerp: str
    alineas: tuple[str, ...]
    ondertekenaar: str
    kenmerk: str = ""  # the number of the zaak, when the writer knows it
    logo: Tint | None = None  # None: a private person, no letterhead
    letter: str = "schreefloos"
    bijlagen: str = ""


@dataclass(frozen=True)
class Poststuk:
    """One document on paper and the zaak it belongs to."""

    soort: str  # "brief", "formulier", "folder"
    titel: str
    zaak: str
    vellen: tuple[Vel, ...]


def draw_post(seed: int) -> tuple[Poststuk, ...]:
    """Return the post of one morning; the same seed gives the same pages, pixel for pixel."""
    kans = random.Random(seed)  # noqa: S311 - deals demo post, guards nothing
    dag = f"{kans.randint(2, 6)} maart 2026"
    stempel = ("INGEKOMEN", f"{kans.randint(9, 11):02d} MRT 2026", f"nr. 2026/{kans.randint(1200, 1999)}")
    bezwaar, bouw, zienswijze, melding = (
        brief(zaak.identificatie, dag)
        for brief, zaak in zip((_bezwaar, _bouwaanvraag, _zienswijze, _melding), _zaken_van_brieven(), strict=True)
    )
    zaden = [kans.randrange(2**32) for _ in range(6)]
    parkeren, dakkapel, feest, station, verlichting = (zaak.identificatie for zaak in ZAKEN)
    return (
        Poststuk("brief", "Bezwaarschrift", parkeren, build_brief(bezwaar, zaden[0], stempel, duplex=True)),
        Poststuk("folder", "Folder buurtfeest", feest, (Vel(partial(_folder, zaden[1])),)),
        Poststuk("formulier", "Aanvraagformulier", feest, _formulier(zaden[2], stempel)),
        Poststuk("brief", "Aanvulling bouwaanvraag", dakkapel, build_brief(bouw, zaden[3], stempel)),
        Poststuk("brief", "Zienswijze", station, build_brief(zienswijze, zaden[4], stempel)),
        Poststuk("brief", "Melding", verlichting, build_brief(melding, zaden[5], stempel)),
    )


def _zaken_van_brieven() -> Sequence[Demozaak]:
    return ZAKEN[0], ZAKEN[1], ZAKEN[3], ZAKEN[4]


def build_brief(brief: Brief, zaad: int, stempel: Sequence[str], *, duplex: bool = False) -> tuple[Vel, ...]:
    """Lay a letter out over as many sides as it needs and put them on sheets."""
    paginas = _break_pages(brief)
    zijden: list[Zijde] = [
        partial(_briefzijde, brief, paginas, nummer, zaad, tuple(stempel)) for nummer in range(len(paginas))
    ]
    if not duplex:
        return tuple(Vel(zijde) for zijde in zijden)
    return tuple(Vel(zijden[i], zijden[i + 1] if i + 1 < len(zijden) else None) for i in range(0, len(zijden), 2))


def _break_pages(brief: Brief) -> list[list[str]]:
    """Return the lines of the body per page; "" is the space between paragraphs."""
    regels: list[str] = []
    for alinea in brief.alineas:
        regels += [*wrap_tekst(alinea, _BREED, letter=brief.letter), ""]
    ruimte_eerst = round((_ONDER - 122) / 5.0)
    ruimte_verder = round((_ONDER - 30) / 5.0)
    slot = 10  # lines the greeting and the signature need
    paginas, ruimte = [], ruimte_eerst
    regels.pop()  # no space after the last paragraph
    while len(regels) > ruimte:
        paginas.append(regels[:ruimte])
        regels, ruimte = regels[ruimte:], ruimte_verder
        if regels[0] == "":
            regels.pop(0)
    paginas.append(regels)
    if len(regels) + slot > ruimte:  # the signature never stands alone: the last paragraph goes along
        knip = max((i for i, regel in enumerate(regels) if regel == ""), default=-1)
        paginas[-1:] = [regels[: max(knip, 0)], regels[knip + 1 :]]
    return [pagina for pagina in paginas if pagina]


def _briefzijde(brief: Brief, paginas: list[list[str]], nummer: int, zaad: int, stempel: Sequence[str]) -> Image.Image:
    kans = random.Random(zaad + nummer)  # noqa: S311 - deals demo post
    papier = Papier()
    if nummer == 0:
        y = _briefhoofd(papier, brief)
        draw_stempel(papier, 132 + kans.uniform(-3, 3), 52 + kans.uniform(-3, 3), stempel, kans)
    else:
        papier.write_tekst(_LINKS, 18, f"{brief.afzender[0]}, {brief.datum}", letter=brief.letter, punten=9, tint=GRIJS)
        y = 30.0
    y = papier.write_regels(_LINKS, y, paginas[nummer], letter=brief.letter)
    if nummer == len(paginas) - 1:
        papier.write_tekst(_LINKS, y + 6, "Met vriendelijke groet,", letter=brief.letter)
        draw_krabbel(papier, _LINKS + kans.uniform(0, 6), y + 24, kans)
        papier.write_tekst(_LINKS, y + 32, brief.ondertekenaar, letter=brief.letter)
        if brief.bijlagen:
            papier.write_tekst(_LINKS, y + 42, f"Bijlagen: {brief.bijlagen}", letter=brief.letter, punten=9)
    if len(paginas) > 1:
        papier.write_tekst(185, 284, f"pagina {nummer + 1} van {len(paginas)}", punten=8.5, tint=GRIJS, anker="ra")
    return papier.beeld


def _briefhoofd(papier: Papier, brief: Brief) -> float:
    if brief.logo is None:
        papier.write_regels(_LINKS, 18, brief.afzender, letter=brief.letter)
    else:
        papier.draw_rond(_LINKS + 8, 24, 8, brief.logo)
        papier.draw_veelhoek([(_LINKS + 3, 29), (_LINKS + 8, 18), (_LINKS + 13, 29)], (255, 255, 255))
        papier.write_tekst(_LINKS + 20, 17, brief.afzender[0], letter="schreefloos-vet", punten=15, tint=brief.logo)
        papier.write_tekst(_LINKS + 20, 25, "  |  ".join(brief.afzender[1:]), punten=8, tint=GRIJS)
        papier.draw_lijn([(_LINKS, 35), (185, 35)], tint=brief.logo, dikte=5)
    papier.write_regels(_LINKS, 50, _GEMEENTE, letter=brief.letter)
    kop = [f"Voorbeeld, {brief.datum}"]
    papier.write_regels(_LINKS, 84, kop, letter=brief.letter)
    regels = [("Onderwerp:", brief.onderwerp)]
    if brief.kenmerk:
        regels.insert(0, ("Uw kenmerk:", brief.kenmerk))
    y = 94.0
    for label, waarde in regels:
        papier.write_tekst(_LINKS, y, label, letter=brief.letter)
        papier.write_tekst(_LINKS + 27, y, waarde, letter=f"{brief.letter}-vet")
        y += 5.5
    papier.write_tekst(_LINKS, 112, "Geacht college,", letter=brief.letter)
    return 122.0


def _bezwaar(zaak: str, dag: str) -> Brief:
    return Brief(
        afzender=("M. Proefstra", "Kastanjestraat 14 B", "0123 AB  VOORBEELD", "m.proefstra@post.example"),
        datum=dag,
        kenmerk=zaak,
        onderwerp="Bezwaar tegen weigering parkeervergunning",
        letter="schreef",
        ondertekenaar="M. Proefstra",
        bijlagen="kopie kentekenbewijs, foto's van de straat",
        alineas=(
            "Met uw brief van 12 februari 2026 hebt u mijn aanvraag voor een parkeervergunning in zone 3 afgewezen. "
            "Ik ben het met dat besluit niet eens en maak daarom bezwaar.",
            "In uw brief staat dat ik over een eigen parkeerplaats beschik. Dat klopt niet. De plaats achter mijn "
            "huis hoort bij de woning op nummer 14 A en wordt gebruikt door mijn buren. In de huurovereenkomst, die "
            "ik bij mijn aanvraag heb gevoegd, staat in artikel 6 dat er geen parkeerplaats bij mijn woning hoort. Ik "
            "begrijp niet waarom dit stuk niet bij de beoordeling is betrokken.",
            "Ook schrijft u dat er in de directe omgeving voldoende plaats is om te parkeren. Op werkdagen is dat na "
            "vijf uur 's middags niet zo. Ik heb op tien avonden geteld hoeveel plaatsen er vrij waren in de "
            "Kastanjestraat, de Beukenlaan en op het Dorpsplein. Het gemiddelde was twee vrije plaatsen. Op vier "
            "avonden was er geen enkele plaats vrij en moest ik mijn auto meer dan achthonderd meter verderop "
            "neerzetten.",
            "Ik werk in de thuiszorg en heb ook 's nachts dienst. Het is voor mij belangrijk dat ik mijn auto dicht "
            "bij huis kan parkeren. Mijn cliënten moeten erop kunnen rekenen dat ik op tijd kom. Daarnaast voel ik "
            "mij niet veilig wanneer ik na een nachtdienst een lange afstand moet lopen door straten zonder goede "
            "verlichting.",
            "Volgens artikel 4 van de Parkeerverordening kan een bewoner een vergunning krijgen wanneer hij op het "
            "adres staat ingeschreven, een auto op zijn naam heeft staan en niet over een eigen parkeerplaats kan "
            "beschikken. Aan deze drie voorwaarden voldoe ik. Het besluit noemt geen andere grond om de aanvraag te "
            "weigeren.",
            "Ik verzoek u het besluit te herzien en mij alsnog een parkeervergunning te verlenen voor de auto met het "
            "kenteken dat in mijn aanvraag staat. Graag licht ik mijn bezwaar mondeling toe op een hoorzitting. "
            "Overdag ben ik te bereiken op telefoonnummer 000 - 123 45 67. Ook vraag ik u mij de ontvangst van deze "
            "brief te bevestigen.",
        ),
    )


def _bouwaanvraag(zaak: str, dag: str) -> Brief:
    return Brief(
        afzender=("Bouwbedrijf De Verzinner b.v.", "Ambachtsweg 3", "0145 CD Voorbeeld", "www.deverzinner.example"),
        datum=dag,
        kenmerk=zaak,
        logo=(196, 92, 22),
        onderwerp="Aanvullende gegevens dakkapel Lindelaan 8",
        ondertekenaar="K. van Testeren, projectleider",
        bijlagen="tekening DK-02, constructieberekening",
        alineas=(
            "Op 19 februari 2026 vroeg u ons om aanvullende gegevens bij de aanvraag voor een omgevingsvergunning "
            "voor het plaatsen van een dakkapel op het achterdakvlak van de woning Lindelaan 8. Met deze brief sturen "
            "wij u die toe.",
            "De dakkapel wordt 3,20 meter breed en 1,65 meter hoog, gemeten vanaf de voet. De afstand tot de dakvoet "
            "is 0,75 meter, tot de nok 0,60 meter en tot de zijkanten van het dakvlak aan beide zijden 1,10 meter. De "
            "zijwangen worden bekleed met zink in een donkergrijze kleur. De kozijnen zijn van hout en worden wit "
            "geschilderd.",
            "De constructieberekening is aangepast. De gordingen worden verzwaard met een balk van 71 bij 196 "
            "millimeter. De berekening is gecontroleerd door onze constructeur. U vindt haar in de bijlage.",
            "Wij hopen dat de aanvraag hiermee volledig is. Hebt u nog vragen, belt u dan met de heer Van Testeren, "
            "telefoonnummer 000 - 765 43 21.",
        ),
    )


def _zienswijze(zaak: str, dag: str) -> Brief:
    return Brief(
        afzender=("Vereniging Bewoners Stationskwartier", "Spoorlaan 77", "0160 EF Voorbeeld", "vbs@post.example"),
        datum=dag,
        kenmerk=zaak,
        logo=(24, 104, 84),
        onderwerp="Zienswijze ontwerpbestemmingsplan Stationskwartier",
        ondertekenaar="L. Fantasieveld, voorzitter",
        alineas=(
            "Vanaf 5 februari 2026 ligt het ontwerpbestemmingsplan Stationskwartier zes weken ter inzage. Namens de "
            "leden van onze vereniging, 214 huishoudens in de straten rond het station, dienen wij hierbij een "
            "zienswijze in.",
            "1. Bouwhoogte. Het plan staat aan de Spoorlaan een gebouw toe van 32 meter hoog. In de structuurvisie "
            "van 2021 is met de buurt afgesproken dat de hoogte langs de Spoorlaan niet meer dan 21 meter zou zijn. "
            "In de toelichting lezen wij niet waarom van die afspraak wordt afgeweken. Uit de zonnestudie blijkt dat "
            "46 woningen in de wintermaanden minder dan twee uur zon per dag krijgen. Dat vinden wij niet "
            "aanvaardbaar.",
            "2. Verkeer. Volgens het verkeersonderzoek rijden er na de bouw 1.850 auto's per dag meer door de "
            "Spoorlaan. Het onderzoek gaat uit van tellingen uit juli 2023, een vakantiemaand waarin bovendien de "
            "brug was afgesloten. Wij vragen u opnieuw te laten tellen in een gewone maand en de kruising met de "
            "Molenweg daarbij te betrekken.",
            "3. Parkeren. De parkeernorm is verlaagd van 1,2 naar 0,6 plaats per woning. Deelauto's kunnen een deel "
            "van de vraag opvangen, maar het plan regelt niet dat die er ook komen. Zonder zo'n regeling komt de "
            "parkeerdruk in onze straten terecht. Wij stellen voor om het aantal deelauto's als voorwaarde in de "
            "planregels op te nemen.",
            "4. Groen. De zestien platanen op het Stationsplein verdwijnen. Het plan spreekt van herplant 'waar "
            "mogelijk'. Dat is te vrijblijvend. Wij vragen u om een plicht tot herplant in de regels op te nemen, met "
            "een minimale stamomtrek van 25 centimeter en een termijn van één jaar na oplevering.",
            "5. Bouwtijd. De bouw duurt naar verwachting vier jaar. In die tijd rijdt het bouwverkeer langs "
            "basisschool De Ontdekking. Wij vragen om een route die de school mijdt en om venstertijden, zodat "
            "kinderen veilig naar school kunnen. Over geluid en trillingen willen wij vooraf afspraken maken, met een "
            "vast aanspreekpunt bij de gemeente.",
            "Wij verzoeken de gemeenteraad het plan gewijzigd vast te stellen en daarbij rekening te houden met wat "
            "wij hierboven hebben geschreven. Een delegatie van ons bestuur licht deze zienswijze graag mondeling "
            "toe.",
        ),
    )


def _melding(zaak: str, dag: str) -> Brief:
    del zaak  # a citizen who reports a lamp post has no case number yet
    return Brief(
        afzender=("J. Voorbeeldsma", "Molenweg 131", "0188 GH  VOORBEELD"),
        datum=dag,
        onderwerp="Kapotte straatlantaarns Molenweg",
        letter="schreef",
        ondertekenaar="J. Voorbeeldsma",
        alineas=(
            "Sinds half januari branden drie lantaarns aan de Molenweg niet meer. Het gaat om de palen 0417, 0418 en "
            "0421, tussen de bushalte en de bocht bij het gemaal. Op dat stuk loopt geen stoep en rijden de auto's "
            "hard.",
            "Ik heb dit op 20 januari telefonisch gemeld. Men zei mij toen dat het binnen vijf werkdagen gemaakt zou "
            "worden. Wilt u zorgen dat de lantaarns snel weer branden? Er fietsen hier elke ochtend kinderen naar "
            "school.",
        ),
    )


def _formulier(zaad: int, stempel: Sequence[str]) -> tuple[Vel, ...]:
    return (Vel(partial(_formulier_voor, zaad, tuple(stempel)), partial(_formulier_achter, zaad + 1)),)


_HUISSTIJL: Tint = (0, 82, 136)


def _formulierkop(papier: Papier, titel: str, pagina: str) -> None:
    papier.draw_vlak(0, 0, 210, 24, tint=_HUISSTIJL)
    papier.write_tekst(20, 7, titel, letter="schreefloos-vet", punten=17, tint=(255, 255, 255))
    papier.write_tekst(190, 10, "Gemeente Voorbeeld", punten=10, tint=(255, 255, 255), anker="ra")
    papier.write_tekst(20, 284, "Formulier EV-04, versie januari 2026", punten=8, tint=GRIJS)
    papier.write_tekst(190, 284, pagina, punten=8, tint=GRIJS, anker="ra")


def _rubriek(papier: Papier, y: float, tekst: str) -> None:
    papier.draw_vlak(20, y, 170, 7, tint=(221, 232, 241))
    papier.write_tekst(22, y + 1.2, tekst, letter="schreefloos-vet", punten=10.5, tint=_HUISSTIJL)


def _veld(papier: Papier, y: float, label: str, invulling: str, kans: random.Random) -> None:
    papier.write_tekst(20, y + 2, label, punten=9.5)
    papier.draw_vlak(72, y, 118, 8.5, rand=(120, 140, 160))
    write_handschrift(papier, 75 + kans.uniform(0, 2), y + 6.6, invulling, kans)


def _keuze(papier: Papier, x: float, y: float, tekst: str, *, kans: random.Random, aan: bool) -> None:
    papier.draw_vlak(x, y, 4, 4, rand=ZWART)
    papier.write_tekst(x + 6.5, y - 0.5, tekst, punten=9.5)
    if aan:
        draw_vinkje(papier, x, y, kans)


def _formulier_voor(zaad: int, stempel: Sequence[str]) -> Image.Image:
    kans = random.Random(zaad)  # noqa: S311 - deals demo post
    papier = Papier()
    _formulierkop(papier, "Aanvraag evenementenvergunning", "pagina 1 van 2")
    papier.write_regels(
        20,
        30,
        wrap_tekst(
            "Vul dit formulier in met blokletters. Stuur het ten minste acht weken voor het evenement op.",
            100,
            punten=9.5,
        ),
        punten=9.5,
    )
    draw_stempel(papier, 130, 28, stempel, kans)
    _rubriek(papier, 56, "1  Uw gegevens")
    velden = (
        ("Naam organisatie", "Buurtvereniging De Wielewaal"),
        ("Contactpersoon", "S. van Bedachten"),
        ("Adres", "Wielewaalplein 2"),
        ("Postcode en plaats", "0171 KL  Voorbeeld"),
        ("Telefoon", "000 - 246 81 35"),
        ("E-mail", "feest@wielewaal.example"),
    )
    for nummer, (label, waarde) in enumerate(velden):
        _veld(papier, 67 + 11 * nummer, label, waarde, kans)
    _rubriek(papier, 137, "2  Het evenement")
    feest = (
        ("Naam evenement", "Buurtfeest 40 jaar Wielewaal"),
        ("Datum", "za 13 juni 2026"),
        ("Begin- en eindtijd", "14.00 - 22.30 uur"),
        ("Locatie", "Wielewaalplein"),
        ("Aantal bezoekers", "ca. 350"),
    )
    for nummer, (label, waarde) in enumerate(feest):
        _veld(papier, 148 + 11 * nummer, label, waarde, kans)
    _rubriek(papier, 207, "3  Wat gaat er gebeuren?   (kruis aan wat van toepassing is)")
    keuzes = (
        ("Versterkte muziek", True),
        ("Verkoop van eten", True),
        ("Verkoop van alcohol", False),
        ("Podium of tent", True),
        ("Straat afgesloten voor verkeer", True),
        ("Vuurwerk", False),
    )
    for nummer, (tekst, aan) in enumerate(keuzes):
        _keuze(papier, 22 + 84 * (nummer % 2), 219 + 9 * (nummer // 2), tekst, kans=kans, aan=aan)
    papier.write_tekst(20, 249, "Hebt u eerder een vergunning gekregen voor dit evenement?", punten=9.5)
    _keuze(papier, 122, 249.5, "ja", kans=kans, aan=True)
    _keuze(papier, 142, 249.5, "nee", kans=kans, aan=False)
    return papier.beeld


def _formulier_achter(zaad: int) -> Image.Image:
    kans = random.Random(zaad)  # noqa: S311 - deals demo post
    papier = Papier()
    _formulierkop(papier, "Aanvraag evenementenvergunning", "pagina 2 van 2")
    _rubriek(papier, 34, "4  Toelichting")
    papier.draw_vlak(20, 44, 170, 72, rand=(120, 140, 160))
    regels = (
        "We vieren dat de wijk 40 jaar bestaat. Er komt een",
        "klein podium voor het koor en twee bandjes uit de",
        "buurt. De Wielewaalstraat gaat dicht tussen nr. 2 en",
        "nr. 38. De brandweer kan er altijd langs (4 m vrij).",
        "EHBO: twee vrijwilligers met diploma.",
    )
    for nummer, regel in enumerate(regels):
        write_handschrift(papier, 24 + kans.uniform(0, 2), 55 + 12.5 * nummer, regel, kans, punten=14)
    _rubriek(papier, 126, "5  Bijlagen")
    for nummer, (tekst, aan) in enumerate(
        (("Plattegrond van het terrein", True), ("Draaiboek en veiligheidsplan", False), ("Folder of programma", True))
    ):
        _keuze(papier, 22, 139 + 9 * nummer, tekst, kans=kans, aan=aan)
    _rubriek(papier, 172, "6  Ondertekening")
    papier.write_tekst(20, 184, "Ik heb dit formulier naar waarheid ingevuld.", punten=9.5)
    _veld(papier, 194, "Plaats en datum", "Voorbeeld, 4 maart 2026", kans)
    papier.write_tekst(20, 210, "Handtekening", punten=9.5)
    papier.draw_vlak(72, 208, 118, 30, rand=(120, 140, 160))
    draw_krabbel(papier, 84, 226, kans, breedte=55)
    papier.write_tekst(20, 250, "In te vullen door de gemeente", letter="schreefloos-vet", punten=9)
    papier.draw_vlak(20, 256, 170, 14, rand=GRIJS)
    papier.write_tekst(23, 260, "Zaaknummer:", punten=9)
    write_handschrift(papier, 48, 265.5, ZAKEN[2].identificatie, kans, tint=(52, 52, 60))
    return papier.beeld


def _folder(zaad: int) -> Image.Image:
    kans = random.Random(zaad)  # noqa: S311 - deals demo post
    papier = Papier()
    oranje, groen = (232, 122, 20), (34, 120, 82)
    papier.draw_vlak(0, 0, 210, 58, tint=oranje)
    papier.write_tekst(105, 12, "BUURTFEEST", letter="schreefloos-vet", punten=44, tint=(255, 255, 255), anker="ma")
    papier.write_tekst(
        105, 37, "40 jaar De Wielewaal", letter="schreef-vet", punten=24, tint=(255, 244, 214), anker="ma"
    )
    papier.beeld.paste(_draw_foto(kans, px(170), px(78)), (px(20), px(66)))
    papier.write_tekst(
        105, 152, "Zaterdag 13 juni 2026, van 14.00 tot 22.30 uur", letter="schreefloos-vet", punten=15, anker="ma"
    )
    papier.write_tekst(105, 161, "Wielewaalplein, Voorbeeld", punten=13, anker="ma")
    links = (
        ("14.00", "Opening door de burgemeester"),
        ("14.30", "Kinderspelen en springkussen"),
        ("16.00", "Koor De Wielewalen"),
        ("17.30", "Samen eten aan de lange tafel"),
        ("19.30", "Muziek van bandjes uit de buurt"),
        ("22.30", "Einde, samen opruimen"),
    )
    papier.draw_vlak(20, 174, 100, 82, rand=groen, dikte=6)
    papier.write_tekst(26, 178, "Programma", letter="schreefloos-vet", punten=15, tint=groen)
    for nummer, (tijd, wat) in enumerate(links):
        papier.write_tekst(26, 190 + 10.5 * nummer, tijd, letter="schreefloos-vet", punten=10.5)
        papier.write_tekst(42, 190 + 10.5 * nummer, wat, punten=10.5)
    papier.draw_vlak(128, 174, 62, 82, tint=(232, 243, 236))
    tekst = (
        "Doe mee! Wij zoeken nog mensen die een taart bakken, een kraam willen opbouwen of om half elf helpen met "
        "opruimen. Geef u op bij het buurthuis of stuur een mail naar feest@wielewaal.example. De straat is op 13 "
        "juni van 12.00 tot 24.00 uur dicht voor auto's."
    )
    papier.write_regels(132, 179, wrap_tekst(tekst, 54, punten=10), punten=10, regelhoogte=5.2)
    papier.draw_vlak(0, 268, 210, 29, tint=groen)
    papier.write_tekst(
        105, 277, "Buurtvereniging De Wielewaal  -  voor en door bewoners", punten=12, tint=(255, 255, 255), anker="ma"
    )
    return papier.beeld


def _draw_foto(kans: random.Random, breedte: int, hoogte: int) -> Image.Image:
    """A printed picture: sky, sun, hills and a row of houses, drawn small and enlarged to be soft like print."""
    schaal, w, h = 3, 340, round(340 * hoogte / breedte)

    def maat(*waarden: float) -> list[float]:
        return [waarde * schaal for waarde in waarden]

    foto = Image.linear_gradient("L").resize((w * schaal, h * schaal))
    lucht = Image.merge(
        "RGB", (foto.point(lambda v: 96 + v // 2), foto.point(lambda v: 160 + v // 4), foto.point(lambda v: 232))
    )
    pen = ImageDraw.Draw(lucht)
    pen.ellipse(maat(250, 14, 290, 54), fill=(255, 232, 150))
    for laag, groen in enumerate(((104, 158, 120), (74, 132, 92), (52, 108, 70))):
        basis = h * (0.5 + 0.13 * laag)
        heuvel = [waarde for x in range(0, w + 20, 20) for waarde in maat(x, basis + kans.uniform(-9, 9))]
        pen.polygon([*maat(0, h), *heuvel, *maat(w, h)], fill=groen)
    x = 12
    while x < w - 40:
        breed, hoog = kans.randint(26, 44), kans.randint(22, 46)
        muur = kans.choice(((182, 92, 70), (204, 150, 110), (226, 208, 176), (150, 78, 66)))
        top = h - 16 - hoog
        pen.rectangle(maat(x, top, x + breed, h - 16), fill=muur)
        pen.polygon(maat(x - 3, top, x + breed / 2, top - 16, x + breed + 3, top), fill=(92, 54, 48))
        for raam in (x + 5, x + 5 + breed // 2):
            pen.rectangle(maat(raam, top + 7, raam + 6, top + 15), fill=(236, 240, 250))
        x += breed + kans.randint(2, 12)
    pen.rectangle(maat(0, h - 16, w, h), fill=(120, 120, 124))
    return lucht.resize((breedte, hoogte), Image.Resampling.BILINEAR)
