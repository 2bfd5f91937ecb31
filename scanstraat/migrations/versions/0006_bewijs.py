"""Mensen, besluiten, papier, stops, keuring, vernietiging en verklaringen.

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('doos',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('nummer', sa.String(), nullable=False),
    sa.Column('gemaakt_op', sa.String(), nullable=False),
    sa.Column('gesloten_op', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id'),
    sa.UniqueConstraint('nummer')
    )
    op.create_table('doosplaats',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('doos_id', sa.Uuid(), nullable=False),
    sa.Column('nummer', sa.Integer(), nullable=False),
    sa.Column('plaats', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("plaats <> ''", name='ergens'),
    sa.ForeignKeyConstraint(['actor_id'], ['actor.id'], ),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('doos_id', 'nummer')
    )
    op.create_table('persoon',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('naam', sa.String(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.Column('aangemaakt_op', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['actor.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('actor_id'),
    sa.UniqueConstraint('naam')
    )
    op.create_table('stop',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('soort', sa.String(), nullable=False),
    sa.Column('over', sa.String(), nullable=False),
    sa.Column('onderwerp', sa.String(), nullable=False),
    sa.Column('reden', sa.String(), nullable=False),
    sa.Column('geplaatst_op', sa.String(), nullable=False),
    sa.Column('geplaatst_door', sa.Uuid(), nullable=False),
    sa.Column('opgeheven_op', sa.String(), nullable=True),
    sa.Column('opgeheven_door', sa.Uuid(), nullable=True),
    sa.Column('opheffingsreden', sa.String(), nullable=False),
    sa.CheckConstraint("opgeheven_op is null or opheffingsreden <> ''", name='opgeheven_met_reden'),
    sa.CheckConstraint("over in ('document', 'zaak', 'doos', 'besluit', 'persoon')", name='over'),
    sa.CheckConstraint("reden <> ''", name='met_reden'),
    sa.CheckConstraint("soort in ('bezwaar', 'rechtszaak', 'woo_verzoek', 'onderzoek', 'kwaliteitstwijfel')", name='soort'),
    sa.ForeignKeyConstraint(['geplaatst_door'], ['actor.id'], ),
    sa.ForeignKeyConstraint(['opgeheven_door'], ['actor.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id')
    )
    op.create_index('stop_onderwerp', 'stop', ['over', 'onderwerp'], unique=False)
    op.create_table('verpakt',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.Column('veld', sa.String(), nullable=False),
    sa.Column('sleutel', sa.String(), nullable=True),
    sa.Column('inhoud', sa.String(), nullable=True),
    sa.Column('gewist_op', sa.String(), nullable=True),
    sa.CheckConstraint('(gewist_op is null) = (sleutel is not null)', name='gewist_of_niet'),
    sa.CheckConstraint('(sleutel is null) = (inhoud is null)', name='sleutel_met_inhoud'),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('gebeurtenis_id', 'veld')
    )
    op.create_table('aanmelding',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('soort', sa.String(), nullable=False),
    sa.Column('uitgever', sa.String(), nullable=False),
    sa.Column('sub', sa.String(), nullable=False),
    sa.Column('wachtwoord', sa.String(), nullable=False),
    sa.Column('totp_geheim', sa.String(), nullable=False),
    sa.Column('totp_stap', sa.BigInteger(), nullable=False),
    sa.Column('mislukt', sa.Integer(), nullable=False),
    sa.Column('geblokkeerd_tot', sa.String(), nullable=True),
    sa.Column('aangemaakt_op', sa.String(), nullable=False),
    sa.Column('ingetrokken_op', sa.String(), nullable=True),
    sa.CheckConstraint("soort <> 'lokaal' or (wachtwoord <> '' and totp_geheim <> '')", name='lokaal_heeft_geheimen'),
    sa.CheckConstraint("soort in ('lokaal', 'oidc')", name='soort'),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_aanmelding_per_identiteit', 'aanmelding', ['soort', 'uitgever', 'sub'], unique=True, sqlite_where=sa.text('ingetrokken_op is null'), postgresql_where=sa.text('ingetrokken_op is null'))
    op.create_index(op.f('ix_aanmelding_persoon_id'), 'aanmelding', ['persoon_id'], unique=False)
    op.create_table('handboek',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('versie', sa.String(), nullable=False),
    sa.Column('bestand_sha256', sa.String(), nullable=False),
    sa.Column('bestandsnaam', sa.String(), nullable=False),
    sa.Column('vastgelegd_op', sa.String(), nullable=False),
    sa.Column('vastgelegd_door', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['bestand_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['vastgelegd_door'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id'),
    sa.UniqueConstraint('versie')
    )
    op.create_table('mandaat',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('rol', sa.String(), nullable=False),
    sa.Column('van', sa.String(), nullable=False),
    sa.Column('tot', sa.String(), nullable=True),
    sa.Column('grondslag', sa.String(), nullable=False),
    sa.Column('verleend_op', sa.String(), nullable=False),
    sa.Column('verleend_door', sa.Uuid(), nullable=True),
    sa.Column('ingetrokken_op', sa.String(), nullable=True),
    sa.Column('ingetrokken_door', sa.Uuid(), nullable=True),
    sa.CheckConstraint("rol in ('scanoperator', 'div_medewerker', 'controleur', 'gemandateerde', 'archivaris', 'auditor', 'functioneel_beheerder')", name='rol'),
    sa.CheckConstraint('tot is null or tot >= van', name='tot_na_van'),
    sa.ForeignKeyConstraint(['ingetrokken_door'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['verleend_door'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id')
    )
    op.create_index(op.f('ix_mandaat_persoon_id'), 'mandaat', ['persoon_id'], unique=False)
    op.create_table('persoonsnaam',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('naam', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('naam')
    )
    op.create_index(op.f('ix_persoonsnaam_persoon_id'), 'persoonsnaam', ['persoon_id'], unique=False)
    op.create_table('termijnverlenging',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('batch_id', sa.Uuid(), nullable=False),
    sa.Column('tot', sa.String(), nullable=False),
    sa.Column('reden', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("reden <> ''", name='met_reden'),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_termijnverlenging_batch_id'), 'termijnverlenging', ['batch_id'], unique=False)
    op.create_table('vernietigingslijst',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('naam', sa.String(), nullable=False),
    sa.Column('inhoud', sa.JSON(), nullable=False),
    sa.Column('inhoud_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.Column('ingetrokken_op', sa.String(), nullable=True),
    sa.Column('ingetrokken_door', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['ingetrokken_door'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['inhoud_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id'),
    sa.UniqueConstraint('naam')
    )
    op.create_table('verzegeling',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('batch_id', sa.Uuid(), nullable=False),
    sa.Column('manifest_sha256', sa.String(), nullable=False),
    sa.Column('documenten', sa.Integer(), nullable=False),
    sa.Column('paginas', sa.Integer(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.Column('vervallen_op', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['manifest_sha256'], ['object.sha256'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_staande_verzegeling', 'verzegeling', ['batch_id'], unique=True, sqlite_where=sa.text('vervallen_op is null'), postgresql_where=sa.text('vervallen_op is null'))
    op.create_index(op.f('ix_verzegeling_batch_id'), 'verzegeling', ['batch_id'], unique=False)
    op.create_table('besluit',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('nummer', sa.String(), nullable=False),
    sa.Column('versie', sa.Integer(), nullable=False),
    sa.Column('inhoud', sa.JSON(), nullable=False),
    sa.Column('inhoud_sha256', sa.String(), nullable=False),
    sa.Column('handboek_id', sa.Uuid(), nullable=False),
    sa.Column('vastgelegd_op', sa.String(), nullable=False),
    sa.Column('vastgelegd_door', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['handboek_id'], ['handboek.id'], ),
    sa.ForeignKeyConstraint(['inhoud_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['vastgelegd_door'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id'),
    sa.UniqueConstraint('nummer', 'versie')
    )
    op.create_table('doosblad',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('doos_id', sa.Uuid(), nullable=False),
    sa.Column('blad_id', sa.Uuid(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.Column('uit_op', sa.String(), nullable=True),
    sa.Column('uit_door', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['actor.id'], ),
    sa.ForeignKeyConstraint(['blad_id'], ['blad.id'], ),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.ForeignKeyConstraint(['uit_door'], ['actor.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_doos_per_blad', 'doosblad', ['blad_id'], unique=True, sqlite_where=sa.text('uit_op is null'), postgresql_where=sa.text('uit_op is null'))
    op.create_index(op.f('ix_doosblad_doos_id'), 'doosblad', ['doos_id'], unique=False)
    op.create_table('lijstdoos',
    sa.Column('lijst_id', sa.Uuid(), nullable=False),
    sa.Column('doos_id', sa.Uuid(), nullable=False),
    sa.Column('eraf_op', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.ForeignKeyConstraint(['lijst_id'], ['vernietigingslijst.id'], ),
    sa.PrimaryKeyConstraint('lijst_id', 'doos_id')
    )
    op.create_index('een_lijst_per_doos', 'lijstdoos', ['doos_id'], unique=True, sqlite_where=sa.text('eraf_op is null'), postgresql_where=sa.text('eraf_op is null'))
    op.create_table('opdracht',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('nummer', sa.String(), nullable=False),
    sa.Column('lijst_id', sa.Uuid(), nullable=False),
    sa.Column('bedrijf', sa.String(), nullable=False),
    sa.Column('wijze', sa.String(), nullable=False),
    sa.Column('niveau', sa.String(), nullable=False),
    sa.Column('containers', sa.JSON(), nullable=False),
    sa.Column('checkpoint', sa.BigInteger(), nullable=False),
    sa.Column('opdracht_sha256', sa.String(), nullable=False),
    sa.Column('feiten_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("bedrijf <> '' and wijze <> '' and niveau <> ''", name='volledig'),
    sa.ForeignKeyConstraint(['feiten_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['lijst_id'], ['vernietigingslijst.id'], ),
    sa.ForeignKeyConstraint(['opdracht_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('lijst_id'),
    sa.UniqueConstraint('nummer')
    )
    op.create_table('trekking',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('verzegeling_id', sa.Uuid(), nullable=True),
    sa.Column('doos_id', sa.Uuid(), nullable=True),
    sa.Column('lijst_id', sa.Uuid(), nullable=True),
    sa.Column('checkpoint', sa.BigInteger(), nullable=False),
    sa.Column('zaad', sa.String(), nullable=False),
    sa.Column('trekking', sa.JSON(), nullable=False),
    sa.Column('trekking_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('(lijst_id is null) = (doos_id is null)', name='doos_op_een_lijst'),
    sa.CheckConstraint('(verzegeling_id is null) <> (doos_id is null)', name='batch_of_doos'),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['lijst_id'], ['vernietigingslijst.id'], ),
    sa.ForeignKeyConstraint(['trekking_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['verzegeling_id'], ['verzegeling.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('lijst_id', 'doos_id'),
    sa.UniqueConstraint('verzegeling_id')
    )
    op.create_table('uitzondering',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('document_id', sa.Uuid(), nullable=False),
    sa.Column('reden', sa.String(), nullable=False),
    sa.Column('toelichting', sa.String(), nullable=False),
    sa.Column('vindplaats', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.Column('ingetrokken_op', sa.String(), nullable=True),
    sa.Column('ingetrokken_door', sa.Uuid(), nullable=True),
    sa.CheckConstraint("toelichting <> '' and reden <> ''", name='met_reden'),
    sa.ForeignKeyConstraint(['actor_id'], ['actor.id'], ),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], ),
    sa.ForeignKeyConstraint(['ingetrokken_door'], ['actor.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_staande_uitzondering', 'uitzondering', ['document_id'], unique=True, sqlite_where=sa.text('ingetrokken_op is null'), postgresql_where=sa.text('ingetrokken_op is null'))
    op.create_index(op.f('ix_uitzondering_document_id'), 'uitzondering', ['document_id'], unique=False)
    op.create_table('verklaring',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('log_id', sa.Uuid(), nullable=False),
    sa.Column('soort', sa.String(), nullable=False),
    sa.Column('nummer', sa.String(), nullable=False),
    sa.Column('lijst_id', sa.Uuid(), nullable=True),
    sa.Column('vervangt_id', sa.Uuid(), nullable=True),
    sa.Column('reden', sa.String(), nullable=False),
    sa.Column('gegevens_sha256', sa.String(), nullable=False),
    sa.Column('pdf_sha256', sa.String(), nullable=False),
    sa.Column('mdto_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("soort in ('vervanging', 'vernietiging')", name='soort'),
    sa.CheckConstraint("vervangt_id is null or reden <> ''", name='gecorrigeerd_met_reden'),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['gegevens_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['lijst_id'], ['vernietigingslijst.id'], ),
    sa.ForeignKeyConstraint(['mdto_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['pdf_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['vervangt_id'], ['verklaring.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('log_id'),
    sa.UniqueConstraint('nummer'),
    sa.UniqueConstraint('vervangt_id')
    )
    op.create_table('vrijgave',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('lijst_id', sa.Uuid(), nullable=False),
    sa.Column('volgnummer', sa.Integer(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('mandaat_id', sa.Uuid(), nullable=False),
    sa.Column('inhoud_sha256', sa.String(), nullable=False),
    sa.Column('feiten_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.Column('ingetrokken_op', sa.String(), nullable=True),
    sa.Column('ingetrokken_door', sa.Uuid(), nullable=True),
    sa.CheckConstraint('volgnummer in (1, 2)', name='twee'),
    sa.ForeignKeyConstraint(['feiten_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['ingetrokken_door'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['lijst_id'], ['vernietigingslijst.id'], ),
    sa.ForeignKeyConstraint(['mandaat_id'], ['mandaat.id'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_vrijgave_per_persoon', 'vrijgave', ['lijst_id', 'persoon_id'], unique=True, sqlite_where=sa.text('ingetrokken_op is null'), postgresql_where=sa.text('ingetrokken_op is null'))
    op.create_index('een_vrijgave_per_volgnummer', 'vrijgave', ['lijst_id', 'volgnummer'], unique=True, sqlite_where=sa.text('ingetrokken_op is null'), postgresql_where=sa.text('ingetrokken_op is null'))
    op.create_index(op.f('ix_vrijgave_lijst_id'), 'vrijgave', ['lijst_id'], unique=False)
    op.create_table('bekeken',
    sa.Column('trekking_id', sa.Uuid(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['trekking_id'], ['trekking.id'], ),
    sa.PrimaryKeyConstraint('trekking_id', 'persoon_id')
    )
    op.create_table('binding',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('batch_id', sa.Uuid(), nullable=False),
    sa.Column('besluit_id', sa.Uuid(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=False),
    sa.Column('vervallen_op', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['actor.id'], ),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
    sa.ForeignKeyConstraint(['besluit_id'], ['besluit.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_staande_binding', 'binding', ['batch_id'], unique=True, sqlite_where=sa.text('vervallen_op is null'), postgresql_where=sa.text('vervallen_op is null'))
    op.create_index(op.f('ix_binding_batch_id'), 'binding', ['batch_id'], unique=False)
    op.create_table('laatste_blik',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('trekking_id', sa.Uuid(), nullable=False),
    sa.Column('lijst_id', sa.Uuid(), nullable=False),
    sa.Column('doos_id', sa.Uuid(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('geslaagd', sa.Boolean(), nullable=False),
    sa.Column('toelichting', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['lijst_id'], ['vernietigingslijst.id'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['trekking_id'], ['trekking.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('trekking_id')
    )
    op.create_index(op.f('ix_laatste_blik_lijst_id'), 'laatste_blik', ['lijst_id'], unique=False)
    op.create_table('verklaringdoos',
    sa.Column('verklaring_id', sa.Uuid(), nullable=False),
    sa.Column('doos_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.ForeignKeyConstraint(['verklaring_id'], ['verklaring.id'], ),
    sa.PrimaryKeyConstraint('verklaring_id', 'doos_id')
    )
    op.create_index(op.f('ix_verklaringdoos_doos_id'), 'verklaringdoos', ['doos_id'], unique=False)
    op.create_table('ondertekening',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('verklaring_id', sa.Uuid(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('mandaat_id', sa.Uuid(), nullable=False),
    sa.Column('pdf_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['mandaat_id'], ['mandaat.id'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['verklaring_id'], ['verklaring.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('verklaring_id', 'persoon_id')
    )
    op.create_table('oordeel',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('trekking_id', sa.Uuid(), nullable=False),
    sa.Column('verzegeling_id', sa.Uuid(), nullable=False),
    sa.Column('batch_id', sa.Uuid(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('uitslag', sa.String(), nullable=False),
    sa.Column('gat', sa.Boolean(), nullable=False),
    sa.Column('oordeel', sa.JSON(), nullable=False),
    sa.Column('oordeel_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("uitslag in ('goedgekeurd', 'afgekeurd')", name='uitslag'),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['oordeel_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['trekking_id'], ['trekking.id'], ),
    sa.ForeignKeyConstraint(['verzegeling_id'], ['verzegeling.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('trekking_id'),
    sa.UniqueConstraint('verzegeling_id')
    )
    op.create_index(op.f('ix_oordeel_batch_id'), 'oordeel', ['batch_id'], unique=False)
    op.create_table('uitvoering',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('opdracht_id', sa.Uuid(), nullable=False),
    sa.Column('doos_id', sa.Uuid(), nullable=False),
    sa.Column('uitslag', sa.String(), nullable=False),
    sa.Column('uitgevoerd_op', sa.String(), nullable=True),
    sa.Column('wijze', sa.String(), nullable=False),
    sa.Column('niveau', sa.String(), nullable=False),
    sa.Column('container', sa.String(), nullable=False),
    sa.Column('zegel', sa.String(), nullable=False),
    sa.Column('certificaatnummer', sa.String(), nullable=False),
    sa.Column('certificaat_sha256', sa.String(), nullable=True),
    sa.Column('feiten_sha256', sa.String(), nullable=True),
    sa.Column('toelichting', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.Column('gebeurtenis_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("uitslag <> 'vernietigd' or (certificaat_sha256 is not null and uitgevoerd_op is not null)", name='vernietigd_met_bewijs'),
    sa.CheckConstraint("uitslag = 'vernietigd' or toelichting <> ''", name='mislukt_met_woorden'),
    sa.CheckConstraint("uitslag in ('vernietigd', 'mislukt', 'deels')", name='uitslag'),
    sa.ForeignKeyConstraint(['certificaat_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['doos_id'], ['doos.id'], ),
    sa.ForeignKeyConstraint(['feiten_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['gebeurtenis_id'], ['gebeurtenis.id'], ),
    sa.ForeignKeyConstraint(['opdracht_id'], ['opdracht.id'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('een_keer_vernietigd', 'uitvoering', ['doos_id'], unique=True, sqlite_where=sa.text("uitslag = 'vernietigd'"), postgresql_where=sa.text("uitslag = 'vernietigd'"))
    op.create_index(op.f('ix_uitvoering_opdracht_id'), 'uitvoering', ['opdracht_id'], unique=False)
    op.create_table('verklaringscan',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('verklaring_id', sa.Uuid(), nullable=False),
    sa.Column('bestand_sha256', sa.String(), nullable=False),
    sa.Column('op', sa.String(), nullable=False),
    sa.Column('persoon_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['bestand_sha256'], ['object.sha256'], ),
    sa.ForeignKeyConstraint(['persoon_id'], ['persoon.id'], ),
    sa.ForeignKeyConstraint(['verklaring_id'], ['verklaring.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_verklaringscan_verklaring_id'), 'verklaringscan', ['verklaring_id'], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a migration is never undone: restore the back-up that was made before it")
